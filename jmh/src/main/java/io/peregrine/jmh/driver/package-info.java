/** Programs that drive one client and print what it cost, one JSON object on a line; and the loads they put on it. */
@NullMarked
package io.peregrine.jmh.driver;

import org.jspecify.annotations.NullMarked;
