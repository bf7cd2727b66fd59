/** Tests against grpc-java's own servers and stubs. */
@NullMarked
package io.peregrine.grpcjava;

import org.jspecify.annotations.NullMarked;
