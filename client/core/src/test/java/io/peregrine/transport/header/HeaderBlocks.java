package io.peregrine.transport.header;

import io.netty.util.AsciiString;

/** Header blocks as if received, for tests of the layers above. */
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
}
