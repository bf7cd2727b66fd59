/** Benchmarks of the client beside grpc-java under JMH, and the allocation gate. */
@NullMarked
package io.peregrine.jmh;

import org.jspecify.annotations.NullMarked;
