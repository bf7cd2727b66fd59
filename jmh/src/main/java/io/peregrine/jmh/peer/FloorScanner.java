package io.peregrine.jmh.peer;

import static io.peregrine.jmh.peer.FloorFrames.FRAME_HEADER_BYTES;

import io.netty.buffer.ByteBuf;

/** Counts the responses in what a server sends by the headers of its frames, and looks at nothing else. Not safe for threads. */
final class FloorScanner {
    /** What is due to the server; empty nearly always. */
    private final ByteBuf replies;

    /** The header of a frame, when it has come in parts, from its highest byte on. */
    private long partLow;

    private int partBytes;
    private int partFirst;
    private int payloadLeft;
    private int unreturnedBytes;

    /** Appends what it owes the server to {@code replies}. */
    FloorScanner(ByteBuf replies) {
        this.replies = replies;
    }

    /** Takes all that there is, and returns the number of responses that end in it. */
    int scan(ByteBuf in) {
        int ended = 0;
        while (in.isReadable()) {
            if (payloadLeft > 0) {
                int skipped = Math.min(payloadLeft, in.readableBytes());
                in.skipBytes(skipped);
                payloadLeft -= skipped;
            } else if (partBytes == 0 && in.readableBytes() >= FRAME_HEADER_BYTES) {
                int index = in.readerIndex();
                in.skipBytes(FRAME_HEADER_BYTES);
                ended += frame(in.getUnsignedMedium(index), in.getByte(index + 3), in.getByte(index + 4));
            } else {
                ended += headerByte(in.readUnsignedByte());
            }
        }
        return ended;
    }

    private int headerByte(int next) {
        if (partBytes < 3) {
            partFirst = partFirst << 8 | next;
        } else {
            partLow = partLow << 8 | next;
        }
        partBytes++;
        if (partBytes < FRAME_HEADER_BYTES) {
            return 0;
        }
        int ended = frame(partFirst, (byte) (partLow >>> 40), (byte) (partLow >>> 32));
        partBytes = 0;
        partFirst = 0;
        partLow = 0;
        return ended;
    }

    private int frame(int bytes, byte type, byte flags) {
        payloadLeft = bytes;
        if (type == FloorFrames.TYPE_DATA) {
            unreturnedBytes += bytes;
            if (unreturnedBytes >= FloorFrames.CREDIT_BYTES) {
                FloorFrames.credit(replies, unreturnedBytes);
                unreturnedBytes = 0;
            }
        } else if (type == FloorFrames.TYPE_SETTINGS && (flags & FloorFrames.FLAG_ACK) == 0) {
            FloorFrames.settingsAck(replies);
        }
        return type == FloorFrames.TYPE_HEADERS && (flags & FloorFrames.FLAG_END_STREAM) != 0 ? 1 : 0;
    }
}
