package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.peregrine.transport.header.RequestHeaders;

/** What a transport knows of a stream and does to it, for tests of the layers above. */
public final class StreamAccess {
    private StreamAccess() {}

    /** What the stream sends. */
    public static ByteBuf request(TransportStream stream) {
        return stream.request();
    }

    /** The header fields of its request that all calls of its kind share. */
    public static RequestHeaders template(TransportStream stream) {
        return stream.requestHeaders();
    }

    /** The server begins its response, as a transport notes it before it says so. */
    public static void beginResponse(TransportStream stream) {
        stream.headersReceived = true;
    }
}
