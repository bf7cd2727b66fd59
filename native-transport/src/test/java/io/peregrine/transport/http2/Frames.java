package io.peregrine.transport.http2;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Error;

/** Frames as octets, legal or not (RFC 9113 §4.1, §6). */
final class Frames {
    static final int DATA = 0x0;
    static final int HEADERS = 0x1;
    static final int PRIORITY = 0x2;
    static final int RST_STREAM = 0x3;
    static final int SETTINGS = 0x4;
    static final int PUSH_PROMISE = 0x5;
    static final int PING = 0x6;
    static final int GO_AWAY = 0x7;
    static final int WINDOW_UPDATE = 0x8;
    static final int CONTINUATION = 0x9;

    static final int NO_FLAGS = 0x0;
    static final int ACK = 0x1;
    static final int END_STREAM = 0x1;
    static final int END_HEADERS = 0x4;
    static final int PADDED = 0x8;
    static final int HAS_PRIORITY = 0x20;

    static final int HEADER_TABLE_SIZE = 0x1;
    static final int ENABLE_PUSH = 0x2;
    static final int MAX_CONCURRENT_STREAMS = 0x3;
    static final int INITIAL_WINDOW_SIZE = 0x4;
    static final int MAX_FRAME_SIZE = 0x5;
    static final int MAX_HEADER_LIST_SIZE = 0x6;

    private Frames() {}

    static byte[] frame(int type, int flags, int streamId, byte[] payload) {
        ByteBuf out = Unpooled.buffer(9 + payload.length);
        out.writeMedium(payload.length).writeByte(type).writeByte(flags).writeInt(streamId);
        return ByteBufUtil.getBytes(out.writeBytes(payload));
    }

    static byte[] frame(int type, int flags, int streamId, String hexPayload) {
        return frame(type, flags, streamId, hex(hexPayload));
    }

    static byte[] settings(long... idsAndValues) {
        ByteBuf payload = Unpooled.buffer();
        for (int i = 0; i < idsAndValues.length; i += 2) {
            payload.writeShort((int) idsAndValues[i]).writeInt((int) idsAndValues[i + 1]);
        }
        return frame(SETTINGS, NO_FLAGS, 0, ByteBufUtil.getBytes(payload));
    }

    static byte[] settingsAck() {
        return frame(SETTINGS, ACK, 0, new byte[0]);
    }

    static byte[] ping(String hexOpaque) {
        return frame(PING, NO_FLAGS, 0, hexOpaque);
    }

    static byte[] goAway(int lastStreamId, long errorCode, String debug) {
        ByteBuf payload = Unpooled.buffer();
        payload.writeInt(lastStreamId).writeInt((int) errorCode).writeBytes(debug.getBytes(UTF_8));
        return frame(GO_AWAY, NO_FLAGS, 0, ByteBufUtil.getBytes(payload));
    }

    static byte[] goAway(int lastStreamId) {
        return goAway(lastStreamId, Http2Error.NO_ERROR.code(), "");
    }

    static byte[] rstStream(int streamId, Http2Error code) {
        return rstStream(streamId, code.code());
    }

    static byte[] rstStream(int streamId, long errorCode) {
        return frame(RST_STREAM, NO_FLAGS, streamId, int32((int) errorCode));
    }

    static byte[] windowUpdate(int streamId, int increment) {
        return frame(WINDOW_UPDATE, NO_FLAGS, streamId, int32(increment));
    }

    /** HEADERS with END_HEADERS, its fields as literals that are not indexed. */
    static byte[] headers(int streamId, String... namesAndValues) {
        return frame(HEADERS, END_HEADERS, streamId, block(namesAndValues));
    }

    /** HEADERS with END_HEADERS and END_STREAM. */
    static byte[] trailers(int streamId, String... namesAndValues) {
        return frame(HEADERS, END_HEADERS | END_STREAM, streamId, block(namesAndValues));
    }

    /** The headers of a usual gRPC response. */
    static byte[] grpcHeaders(int streamId) {
        return headers(streamId, ":status", "200", "content-type", "application/grpc");
    }

    static byte[] okTrailers(int streamId) {
        return trailers(streamId, "grpc-status", "0");
    }

    /** A whole unary response. */
    static byte[] response(int streamId, String message) {
        return join(grpcHeaders(streamId), data(streamId, message(message)), okTrailers(streamId));
    }

    static byte[] data(int streamId, byte[] payload) {
        return frame(DATA, NO_FLAGS, streamId, payload);
    }

    static byte[] dataAndEnd(int streamId, byte[] payload) {
        return frame(DATA, END_STREAM, streamId, payload);
    }

    static byte[] paddedData(int streamId, byte[] payload, int padding) {
        return frame(DATA, PADDED, streamId, join(new byte[] {(byte) padding}, payload, new byte[padding]));
    }

    /** A gRPC message: the prefix and the payload. */
    static byte[] message(String payload) {
        return message(payload.getBytes(UTF_8));
    }

    static byte[] message(byte[] payload) {
        return join(new byte[] {0}, int32(payload.length), payload);
    }

    /** A header block of literals without indexing and without Huffman coding (RFC 7541 §6.2.2). */
    static byte[] block(String... namesAndValues) {
        return literals(0x00, namesAndValues);
    }

    /** A header block of literals that enter the dynamic table (RFC 7541 §6.2.1). */
    static byte[] indexedBlock(String... namesAndValues) {
        return literals(0x40, namesAndValues);
    }

    private static byte[] literals(int pattern, String... namesAndValues) {
        ByteBuf block = Unpooled.buffer();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            block.writeByte(pattern);
            writeString(block, namesAndValues[i].getBytes(ISO_8859_1));
            writeString(block, namesAndValues[i + 1].getBytes(ISO_8859_1));
        }
        return ByteBufUtil.getBytes(block);
    }

    /** A string literal without Huffman coding, its length with a prefix of seven bits (RFC 7541 §5). */
    private static void writeString(ByteBuf out, byte[] octets) {
        if (octets.length < 0x7F) {
            out.writeByte(octets.length);
        } else {
            out.writeByte(0x7F);
            int rest = octets.length - 0x7F;
            for (; rest >= 0x80; rest >>>= 7) {
                out.writeByte((rest & 0x7F) | 0x80);
            }
            out.writeByte(rest);
        }
        out.writeBytes(octets);
    }

    static byte[] join(byte[]... parts) {
        return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(parts));
    }

    static byte[] hex(String hex) {
        return ByteBufUtil.decodeHexDump(hex);
    }

    static byte[] int32(int value) {
        return new byte[] {(byte) (value >>> 24), (byte) (value >>> 16), (byte) (value >>> 8), (byte) value};
    }
}
