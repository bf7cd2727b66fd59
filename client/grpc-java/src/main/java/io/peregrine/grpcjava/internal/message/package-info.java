/** Messages of grpc-java's marshallers on their way into buffers and out of them; not an API. */
@NullMarked
package io.peregrine.grpcjava.internal.message;

import org.jspecify.annotations.NullMarked;
