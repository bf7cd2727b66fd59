package io.peregrine.transport.header;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.util.AsciiString;
import java.util.List;

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

    /** The fields of a request that its template gives, as {@code name: value}. */
    public static List<String> linesOf(RequestHeaders template) {
        return template.fields().stream()
                .map(field -> new String(field.name, US_ASCII) + ": " + new String(field.value, US_ASCII))
                .toList();
    }

    /** As {@link #block}, with one value of any bytes. */
    public static ResponseHeaders withRawValue(String name, byte[] value) {
        ResponseHeaders headers = block("grpc-status", "2");
        headers.add(new AsciiString(name), new AsciiString(value, true));
        return headers;
    }
}
