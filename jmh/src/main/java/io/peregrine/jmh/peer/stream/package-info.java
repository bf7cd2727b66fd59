/** Streaming calls of the clients that are compared. */
@NullMarked
package io.peregrine.jmh.peer.stream;

import org.jspecify.annotations.NullMarked;
