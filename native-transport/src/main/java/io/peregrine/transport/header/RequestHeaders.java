package io.peregrine.transport.header;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The header fields that all requests of one method to one authority share, in the order of gRPC's PROTOCOL-HTTP2:
 * {@code :method, :scheme, :path, :authority, content-type, user-agent, te}, and if there are any
 * {@code grpc-encoding, grpc-accept-encoding} (SPEC MD-6).
 *
 * <p>Build it once and use the same instance for each call: a connection keeps the encoded block by identity.
 * Immutable.
 */
public final class RequestHeaders {
    /** HPACK's overhead for each field when a header list is measured (RFC 9113 §6.5.2). */
    static final int FIELD_OVERHEAD_BYTES = 32;

    private static final int AUTHORITY_INDEX = 3;

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

    /**
     * These headers with what PROTOCOL-HTTP2 calls Message-Encoding and Message-Accept-Encoding.
     *
     * @param encoding the value of {@code grpc-encoding}, or null for none
     * @param acceptEncoding the value of {@code grpc-accept-encoding}, or null for none
     * @throws IllegalArgumentException if a value is empty or holds a character outside 0x21..0x7E
     */
    public RequestHeaders withEncodings(@Nullable String encoding, @Nullable String acceptEncoding) {
        List<Field> extended = new ArrayList<>(fields);
        if (encoding != null) {
            extended.add(new Field("grpc-encoding", requireVisible("grpc-encoding", encoding, 0x21)));
        }
        if (acceptEncoding != null) {
            extended.add(
                    new Field("grpc-accept-encoding", requireVisible("grpc-accept-encoding", acceptEncoding, 0x21)));
        }
        return new RequestHeaders(path, authority, List.copyOf(extended));
    }

    /**
     * These headers with another authority, which a peer's table of fields is not made to hold: calls may name any
     * number of them, and the table only grows.
     *
     * @throws IllegalArgumentException if it is empty or holds a character outside 0x21..0x7E
     */
    public RequestHeaders withAuthority(String newAuthority) {
        requireVisible("authority", newAuthority, 0x21);
        List<Field> replaced = new ArrayList<>(fields);
        replaced.set(AUTHORITY_INDEX, new Field(":authority", newAuthority, false));
        return new RequestHeaders(path, newAuthority, List.copyOf(replaced));
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

    private static String requireVisible(String what, String value, int lowest) {
        boolean legal = !value.isEmpty();
        for (int i = 0; i < value.length(); i++) {
            legal &= value.charAt(i) >= lowest && value.charAt(i) <= 0x7E;
        }
        if (!legal) {
            throw new IllegalArgumentException(
                    what + ": \"" + value + "\" (expected: one or more visible ASCII characters)");
        }
        return value;
    }

    /** One field of the template, as bytes. */
    static final class Field {
        final byte[] name;
        final byte[] value;

        /** Whether it enters the peer's dynamic table. */
        final boolean indexed;

        Field(String name, String value) {
            this(name, value, true);
        }

        Field(String name, String value, boolean indexed) {
            this.name = name.getBytes(US_ASCII);
            this.value = value.getBytes(US_ASCII);
            this.indexed = indexed;
        }

        int listBytes() {
            return name.length + value.length + FIELD_OVERHEAD_BYTES;
        }
    }
}
