package io.peregrine.transport.header;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.List;

/**
 * The header fields that all requests of one method to one authority share, in the order of gRPC's PROTOCOL-HTTP2:
 * {@code :method, :scheme, :path, :authority, content-type, user-agent, te}.
 *
 * <p>Build it once and use the same instance for each call: a connection keeps the encoded block by identity.
 * Immutable.
 */
public final class RequestHeaders {
    /** HPACK's overhead for each field when a header list is measured (RFC 9113 §6.5.2). */
    static final int FIELD_OVERHEAD_BYTES = 32;

    private final String path;
    private final String authority;
    private final List<Field> fields;
    private final int listBytes;

    private RequestHeaders(String path, String authority, List<Field> fields) {
        this.path = path;
        this.authority = authority;
        this.fields = fields;
        int bytes = 0;
        for (Field field : fields) {
            bytes += field.listBytes();
        }
        this.listBytes = bytes;
    }

    /**
     * Headers of a gRPC request.
     *
     * @param secure whether the scheme is https
     * @param authority the value of {@code :authority}, for example {@code greeter.internal:443}
     * @param path the value of {@code :path}, for example {@code /helloworld.Greeter/SayHello}
     * @param userAgent the value of {@code user-agent}
     * @throws IllegalArgumentException if a value is empty, holds a character outside 0x21..0x7E (0x20 is allowed in
     *     the user agent), or the path does not begin with a slash
     */
    public static RequestHeaders grpc(boolean secure, String authority, String path, String userAgent) {
        requireVisible("authority", authority, 0x21);
        requireVisible("path", path, 0x21);
        requireVisible("user agent", userAgent, 0x20);
        if (path.charAt(0) != '/') {
            throw new IllegalArgumentException("path: \"" + path + "\" (expected: /package.Service/Method)");
        }
        return new RequestHeaders(
                path,
                authority,
                List.of(
                        new Field(":method", "POST"),
                        new Field(":scheme", secure ? "https" : "http"),
                        new Field(":path", path),
                        new Field(":authority", authority),
                        new Field("content-type", "application/grpc"),
                        new Field("user-agent", userAgent),
                        new Field("te", "trailers")));
    }

    /** The value of {@code :path}. */
    public String path() {
        return path;
    }

    /** The value of {@code :authority}. */
    public String authority() {
        return authority;
    }

    List<Field> fields() {
        return fields;
    }

    /** The size of these fields as SETTINGS_MAX_HEADER_LIST_SIZE counts it, in bytes. */
    int listBytes() {
        return listBytes;
    }

    @Override
    public String toString() {
        return authority + path;
    }

    private static void requireVisible(String what, String value, int lowest) {
        boolean legal = !value.isEmpty();
        for (int i = 0; i < value.length(); i++) {
            legal &= value.charAt(i) >= lowest && value.charAt(i) <= 0x7E;
        }
        if (!legal) {
            throw new IllegalArgumentException(
                    what + ": \"" + value + "\" (expected: one or more visible ASCII characters)");
        }
    }

    /** One field of the template, as bytes. */
    static final class Field {
        final byte[] name;
        final byte[] value;

        Field(String name, String value) {
            this.name = name.getBytes(US_ASCII);
            this.value = value.getBytes(US_ASCII);
        }

        int listBytes() {
            return name.length + value.length + FIELD_OVERHEAD_BYTES;
        }
    }
}
