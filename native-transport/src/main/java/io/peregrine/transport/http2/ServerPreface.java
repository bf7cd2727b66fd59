package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** The first thing a server must send: a SETTINGS frame (RFC 9113 §3.4). */
final class ServerPreface {
    private static final int FRAME_HEADER_BYTES = 9;
    private static final int TYPE_OFFSET = 3;
    private static final int SETTINGS = 0x4;
    private static final int SHOWN_BYTES = 24;

    /** What the first bytes say. */
    enum Verdict {
        INCOMPLETE,
        HTTP2,
        FOREIGN
    }

    private ServerPreface() {}

    /** Judges the bytes received so far, without consuming them. */
    static Verdict judge(ByteBuf received) {
        if (received.readableBytes() < FRAME_HEADER_BYTES) {
            return Verdict.INCOMPLETE;
        }
        int start = received.readerIndex();
        boolean settings = received.getByte(start + TYPE_OFFSET) == SETTINGS;
        boolean acknowledgement = (received.getByte(start + TYPE_OFFSET + 1) & 1) == 1;
        boolean connectionStream = (received.getInt(start + TYPE_OFFSET + 2) & Integer.MAX_VALUE) == 0;
        return settings && !acknowledgement && connectionStream ? Verdict.HTTP2 : Verdict.FOREIGN;
    }

    /** The first bytes, for an error message: printable characters as they are, others as \\xNN. */
    static String show(ByteBuf received) {
        StringBuilder text = new StringBuilder();
        int shown = Math.min(received.readableBytes(), SHOWN_BYTES);
        String bytes = received.toString(received.readerIndex(), shown, StandardCharsets.ISO_8859_1);
        for (int i = 0; i < bytes.length(); i++) {
            char octet = bytes.charAt(i);
            if (octet >= 0x20 && octet < 0x7F) {
                text.append(octet);
            } else {
                text.append(String.format("\\x%02x", (int) octet));
            }
        }
        return text.toString();
    }
}
