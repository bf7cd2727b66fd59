package io.peregrine.load.serve;

import io.netty.handler.codec.http2.Http2CodecUtil;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The header blocks of one connection's answers, encoded ahead (RFC 7541).
 *
 * <p>The first answer inserts {@code content-type} and {@code grpc-status: 0} into the dynamic table; after
 * that an answer's headers are two bytes and its trailers one. A response's trailers always follow headers,
 * so the content type is the older entry: index 62 until the status is inserted and 63 from then on. A peer
 * that allows less than the default table gets literals only, after the size update that §4.2 asks for.
 */
final class ResponseBlocks {
    private static final int OK_STATUS_LINE = 0x88; // static index 8, ":status: 200"
    private static final int NEWEST = 0x80 | 62;
    private static final int SECOND_NEWEST = 0x80 | 63;
    private static final int TABLE_SIZE_ZERO = 0x20;
    private static final String GRPC = "application/grpc";

    // Static index 31 is "content-type"; it fits the six bits of §6.2.1 and not the four of §6.2.2.
    private static final byte[] INSERT_HEADERS =
            new Block().put(OK_STATUS_LINE).put(0x40 | 31).string(GRPC).bytes();
    private static final byte[] LITERAL_HEADERS =
            new Block().put(OK_STATUS_LINE).contentType().bytes();
    private static final byte[] NEWEST_HEADERS =
            new Block().put(OK_STATUS_LINE).put(NEWEST).bytes();
    private static final byte[] INDEXED_HEADERS =
            new Block().put(OK_STATUS_LINE).put(SECOND_NEWEST).bytes();
    private static final byte[] INSERT_TRAILERS =
            new Block().put(0x40).string("grpc-status").string("0").bytes();
    private static final byte[] LITERAL_TRAILERS =
            new Block().literal("grpc-status", "0").bytes();
    private static final byte[] INDEXED_TRAILERS = new Block().put(NEWEST).bytes();

    private boolean literalsOnly;
    private boolean sizeUpdateOwed;
    private boolean contentTypeInserted;
    private boolean statusInserted;

    /** Applies the peer's SETTINGS_HEADER_TABLE_SIZE. */
    void peerTableSize(long bytes) {
        if (bytes < Http2CodecUtil.DEFAULT_HEADER_TABLE_SIZE && !literalsOnly) {
            literalsOnly = true;
            sizeUpdateOwed = true;
        }
    }

    byte[] headers() {
        if (literalsOnly) {
            return withSizeUpdate(LITERAL_HEADERS);
        }
        if (statusInserted) {
            return INDEXED_HEADERS;
        }
        if (contentTypeInserted) {
            return NEWEST_HEADERS;
        }
        contentTypeInserted = true;
        return INSERT_HEADERS;
    }

    byte[] okTrailers() {
        if (literalsOnly) {
            return withSizeUpdate(LITERAL_TRAILERS);
        }
        if (statusInserted) {
            return INDEXED_TRAILERS;
        }
        assert contentTypeInserted : "trailers before headers";
        statusInserted = true;
        return INSERT_TRAILERS;
    }

    /** A whole answer in one block: a gRPC status other than OK ("Trailers-Only"). */
    byte[] failure(int grpcStatus, String message) {
        return withSizeUpdate(new Block()
                .put(OK_STATUS_LINE)
                .contentType()
                .literal("grpc-status", Integer.toString(grpcStatus))
                .literal("grpc-message", message)
                .bytes());
    }

    /** A whole answer to a request that is not gRPC: an HTTP status and nothing else. */
    byte[] httpStatus(int status) {
        // Without indexing, name by static index 8.
        return withSizeUpdate(
                new Block().put(0x08).string(Integer.toString(status)).bytes());
    }

    private byte[] withSizeUpdate(byte[] block) {
        if (!sizeUpdateOwed) {
            return block;
        }
        sizeUpdateOwed = false;
        return new Block().put(TABLE_SIZE_ZERO).raw(block).bytes();
    }

    /** Writes representations one after the other; strings are plain, never Huffman coded. */
    private static final class Block {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Block put(int octet) {
            out.write(octet);
            return this;
        }

        Block raw(byte[] octets) {
            out.writeBytes(octets);
            return this;
        }

        Block string(String ascii) {
            byte[] octets = ascii.getBytes(StandardCharsets.US_ASCII);
            assert octets.length < 127 : "length: " + octets.length + " (expected: one octet)";
            return put(octets.length).raw(octets);
        }

        /** Without indexing, name by static index 31: 15 in the prefix and 16 after it. */
        Block contentType() {
            return put(0x0F).put(31 - 15).string(GRPC);
        }

        Block literal(String name, String value) {
            return put(0).string(name).string(value);
        }

        byte[] bytes() {
            return out.toByteArray();
        }
    }
}
