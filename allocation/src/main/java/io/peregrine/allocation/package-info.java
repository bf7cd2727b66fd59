/** Memory: the allocator, gRPC message framing, protobuf to and from buffers, and the allocation probe. */
@NullMarked
package io.peregrine.allocation;

import org.jspecify.annotations.NullMarked;
