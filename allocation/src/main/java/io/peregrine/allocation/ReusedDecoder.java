package io.peregrine.allocation;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;

/**
 * Protobuf's decoder of streams, which one message after the other can be read with: its decoder of arrays is bound to
 * one array and so is an object for each message. What it reads from is a buffer, copied into the decoder's own array.
 *
 * <p>One thread at a time, and not from within a parser. After a message that could not be read it must not be used
 * again, since it stopped in the middle.
 */
final class ReusedDecoder extends InputStream {
    /** The decoder's array; a larger message costs another round of it. */
    static final int BUFFER_BYTES = 4096;

    private final CodedInputStream decoder = CodedInputStream.newInstance(this, BUFFER_BYTES);
    private ByteBuf source = Unpooled.EMPTY_BUFFER;

    /** Parses the readable bytes of {@code message} as one message, and advances its reader index. */
    <M extends MessageLite> M read(Parser<M> parser, ByteBuf message) throws InvalidProtocolBufferException {
        source = message;
        decoder.resetSizeCounter();
        try {
            // As the decoder of an array has it: a length beyond the end is refused, by the lite runtime too.
            int unlimited = decoder.pushLimit(message.readableBytes());
            M parsed = parser.parseFrom(decoder);
            // A parser stops at the end of a group too, and there is none to end here.
            decoder.checkLastTagWas(0);
            decoder.popLimit(unlimited);
            return parsed;
        } finally {
            source = Unpooled.EMPTY_BUFFER;
        }
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        int taken = Math.min(length, source.readableBytes());
        if (taken == 0) {
            return -1;
        }
        Buffers.read(source, target, offset, taken);
        return taken;
    }

    @Override
    public int read() throws IOException {
        return source.isReadable() ? source.readUnsignedByte() : -1;
    }
}
