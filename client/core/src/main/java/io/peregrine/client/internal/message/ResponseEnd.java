package io.peregrine.client.internal.message;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.transport.header.ResponseHeaders;

/**
 * What the last header block of a response says. Depends on the block only, so that calls that end with the same one
 * share it. Immutable.
 *
 * @param status the status in it, or that of its HTTP status if it is not gRPC (SPEC ST-1 to ST-6)
 * @param trailers what the application sees of it (MD-5)
 */
public record ResponseEnd(Status status, Metadata trailers) {
    /**
     * On the event loop of the connection.
     *
     * @param only whether the block is the first as well, and so must say by itself that it is gRPC
     */
    public static ResponseEnd of(ResponseHeaders trailers, boolean only) {
        if (trailers.interpretation() instanceof ResponseEnd known) {
            // Only a block with :status is a whole response, and no other has one: it is always the one or the other.
            return known;
        }
        boolean grpc = !only || StatusMapping.isGrpc(trailers);
        Status status = grpc ? StatusMapping.ofTrailers(trailers) : StatusMapping.ofHttp(trailers);
        ResponseEnd read = new ResponseEnd(status, ResponseDecoder.metadataOfTrailers(trailers));
        trailers.interpretation(read);
        return read;
    }
}
