package io.peregrine.load.serve;

import io.netty.buffer.ByteBuf;

/** What a unary request must be: exactly one uncompressed message behind its five-byte prefix. */
enum RequestMessage {
    VALID(0, ""),
    EMPTY(13, "the request has no message (expected: one)"),
    TORN(13, "the request is not exactly one length-prefixed message"),
    COMPRESSED(12, "the request message is compressed (expected: identity)");

    static final int PREFIX_BYTES = 5;

    private final int grpcStatus;
    private final String text;

    RequestMessage(int grpcStatus, String text) {
        this.grpcStatus = grpcStatus;
        this.text = text;
    }

    int grpcStatus() {
        return grpcStatus;
    }

    String text() {
        return text;
    }

    static RequestMessage check(ByteBuf body) {
        int bytes = body.readableBytes();
        if (bytes == 0) {
            return EMPTY;
        }
        if (bytes < PREFIX_BYTES || messageBytes(body) != bytes - PREFIX_BYTES) {
            return TORN;
        }
        return body.getByte(body.readerIndex()) == 0 ? VALID : COMPRESSED;
    }

    /** The message length that a prefix announces, as an unsigned number; needs a whole prefix. */
    static long messageBytes(ByteBuf body) {
        return body.getUnsignedInt(body.readerIndex() + 1);
    }
}
