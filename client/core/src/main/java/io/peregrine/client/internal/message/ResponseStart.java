package io.peregrine.client.internal.message;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusException;
import io.peregrine.client.compression.Codec;
import io.peregrine.client.compression.Codecs;
import io.peregrine.transport.header.ResponseHeaders;
import org.jspecify.annotations.Nullable;

/**
 * What the headers of a response say of it. Depends on the headers and the channel only, so that calls whose responses
 * have the same headers share it. Immutable.
 *
 * @param notGrpc the status of a response that is not gRPC (SPEC ST-6), or null
 * @param unreadable the status of one that cannot be read (MD-3, MS-5), or null
 * @param codec of its messages, or null if they come as they are
 * @param metadata what the application sees of the headers (MD-5)
 */
public record ResponseStart(
        @Nullable Status notGrpc,
        @Nullable Status unreadable,
        @Nullable Codec codec,
        Metadata metadata) {
    /** On the event loop of the connection, which belongs to one channel and so knows one set of {@code codecs}. */
    public static ResponseStart of(Codecs codecs, ResponseHeaders headers) {
        if (headers.interpretation() instanceof ResponseStart known) {
            return known;
        }
        ResponseStart read = read(codecs, headers);
        headers.interpretation(read);
        return read;
    }

    private static ResponseStart read(Codecs codecs, ResponseHeaders headers) {
        if (!StatusMapping.isGrpc(headers)) {
            return new ResponseStart(StatusMapping.ofHttp(headers), null, null, Metadata.EMPTY);
        }
        try {
            Codec codec = ResponseDecoder.codecOf(codecs, headers);
            return new ResponseStart(null, null, codec, ResponseDecoder.metadataOf(headers));
        } catch (StatusException unreadable) {
            return new ResponseStart(null, unreadable.status(), null, Metadata.EMPTY);
        }
    }
}
