/** Name resolvers and proxy detectors of grpc-java behind the resolver SPI of the library; not an API. */
@NullMarked
package io.peregrine.grpcjava.internal.resolver;

import org.jspecify.annotations.NullMarked;
