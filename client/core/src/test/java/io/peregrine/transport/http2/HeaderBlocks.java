package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;

/** Header blocks as if received, and a look at what is sent, for tests of the layers above. */
public final class HeaderBlocks {
    private HeaderBlocks() {}

    /** A block of names and values in turn. */
    public static ResponseHeaders block(String... namesAndValues) {
        ResponseHeaders headers = new ResponseHeaders();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(new AsciiString(namesAndValues[i]), new AsciiString(namesAndValues[i + 1]));
        }
        return headers;
    }

    /** As {@link #block}, with one value of any bytes. */
    public static ResponseHeaders withRawValue(String name, byte[] value) {
        ResponseHeaders headers = block("grpc-status", "2");
        headers.add(new AsciiString(name), new AsciiString(value, true));
        return headers;
    }

    /** What a stream sends. */
    public static ByteBuf request(TransportStream stream) {
        return stream.request();
    }
}
