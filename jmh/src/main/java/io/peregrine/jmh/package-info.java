/** io.peregrine.jmh. */
@NullMarked
package io.peregrine.jmh;

import org.jspecify.annotations.NullMarked;
