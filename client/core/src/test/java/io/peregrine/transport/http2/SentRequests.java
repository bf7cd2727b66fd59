package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;

/** A look at what streams send, for tests of the layers above. */
public final class SentRequests {
    private SentRequests() {}

    /** What a stream sends. */
    public static ByteBuf of(TransportStream stream) {
        return stream.request();
    }
}
