/** The servers that the measurements call, each in a process of its own. */
@NullMarked
package io.peregrine.jmh.server;

import org.jspecify.annotations.NullMarked;
