/** Benchmarks of the client beside grpc-java, the measurement of what a call costs, and the allocation gate. */
@NullMarked
package io.peregrine.jmh;

import org.jspecify.annotations.NullMarked;
