/** The clients that are compared, each behind the same small face: unary calls and streams. */
@NullMarked
package io.peregrine.jmh.peer;

import org.jspecify.annotations.NullMarked;
