/** Peregrine as an {@link io.grpc.ManagedChannel}, for stubs, interceptors and frameworks written for grpc-java. */
@NullMarked
package io.peregrine.grpcjava;

import org.jspecify.annotations.NullMarked;
