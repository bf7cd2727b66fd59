package io.peregrine.jmh.peer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What the floor sends, made beforehand (RFC 9113 §4.1, RFC 7541 §6). The first request on a connection puts its header
 * fields into the server's dynamic table; those after it have six bytes of header block, and differ in the identifier of
 * their stream only.
 */
final class FloorFrames {
    /** Of the first request. */
    static final int FIRST_STREAM_ID = 1;

    /** Between the identifiers of the streams that a client opens. */
    static final int STREAM_ID_STEP = 2;

    static final int FRAME_HEADER_BYTES = 9;
    static final int TYPE_DATA = 0;
    static final int TYPE_HEADERS = 1;
    static final int TYPE_SETTINGS = 4;
    static final int FLAG_END_STREAM = 1;
    static final int FLAG_ACK = 1;

    /** Credit is given back when this much of it has been used up. */
    static final int CREDIT_BYTES = 1 << 30;

    private static final int STREAM_ID_INDEX = 5;
    private static final int TYPE_WINDOW_UPDATE = 8;
    private static final int FLAG_END_HEADERS = 4;
    private static final int INITIAL_WINDOW_BYTES = 65_535;
    private static final int SETTINGS_INITIAL_WINDOW_SIZE = 4;
    private static final int PREFIX_BYTES = 5;

    /** Static table entries :method POST and :scheme http, then the four fields that the first request has added. */
    private static final byte[] INDEXED_FIELDS = {
        (byte) 0x83, (byte) 0x86, (byte) 0xC1, (byte) 0xC0, (byte) 0xBF, (byte) 0xBE
    };

    private FloorFrames() {}

    /** What a connection begins with: the preface, and windows as large as they may be. */
    static ByteBuf preface() {
        ByteBuf out = Unpooled.buffer();
        out.writeCharSequence("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", StandardCharsets.US_ASCII);
        header(out, 6, TYPE_SETTINGS, 0, 0);
        out.writeShort(SETTINGS_INITIAL_WINDOW_SIZE).writeInt(Integer.MAX_VALUE);
        credit(out, Integer.MAX_VALUE - INITIAL_WINDOW_BYTES);
        return out;
    }

    /** Lets the server send so many bytes more on the connection. */
    static void credit(ByteBuf out, int bytes) {
        header(out, Integer.BYTES, TYPE_WINDOW_UPDATE, 0, 0);
        out.writeInt(bytes);
    }

    /** Says that the server's settings are in force. */
    static void settingsAck(ByteBuf out) {
        header(out, 0, TYPE_SETTINGS, FLAG_ACK, 0);
    }

    /** The first request, on stream {@value #FIRST_STREAM_ID}. */
    static ByteBuf firstRequest(String authority, String method, byte[] message) {
        ByteBuf block = Unpooled.buffer();
        block.writeByte(0x83).writeByte(0x86);
        block.writeByte(0x44);
        string(block, '/' + method);
        block.writeByte(0x41);
        string(block, authority);
        block.writeByte(0x5F);
        string(block, "application/grpc");
        block.writeByte(0x40);
        for (String text : List.of("te", "trailers")) {
            string(block, text);
        }
        byte[] fields = new byte[block.readableBytes()];
        block.readBytes(fields);
        return request(FIRST_STREAM_ID, fields, message);
    }

    /** A request after the first, of the same method; {@link #setStreamId} gives it its stream. */
    static ByteBuf request(byte[] message) {
        return request(FIRST_STREAM_ID, INDEXED_FIELDS, message);
    }

    /** Moves a request after the first to another stream. */
    static void setStreamId(ByteBuf request, int streamId) {
        request.setInt(STREAM_ID_INDEX, streamId);
        request.setInt(FRAME_HEADER_BYTES + INDEXED_FIELDS.length + STREAM_ID_INDEX, streamId);
    }

    private static ByteBuf request(int streamId, byte[] fields, byte[] message) {
        int bytes = 2 * FRAME_HEADER_BYTES + fields.length + PREFIX_BYTES + message.length;
        ByteBuf out = Unpooled.directBuffer(bytes, bytes);
        header(out, fields.length, TYPE_HEADERS, FLAG_END_HEADERS, streamId);
        out.writeBytes(fields);
        header(out, PREFIX_BYTES + message.length, TYPE_DATA, FLAG_END_STREAM, streamId);
        return out.writeByte(0).writeInt(message.length).writeBytes(message);
    }

    private static void header(ByteBuf out, int bytes, int type, int flags, int streamId) {
        out.writeMedium(bytes).writeByte(type).writeByte(flags).writeInt(streamId);
    }

    /** Without Huffman coding; up to 126 characters, so that the length is one byte. */
    private static void string(ByteBuf out, String text) {
        if (text.length() > 126) {
            throw new IllegalArgumentException("field: " + text + " (expected: up to 126 characters)");
        }
        out.writeByte(text.length()).writeCharSequence(text, StandardCharsets.US_ASCII);
    }
}
