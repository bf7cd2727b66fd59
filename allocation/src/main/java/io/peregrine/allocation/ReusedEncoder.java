package io.peregrine.allocation;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Protobuf's encoder to streams, which one message after the other can be written with: its encoder to arrays is bound
 * to one array and so is an object for each message. It fills an array of its own, which is copied into the buffer.
 *
 * <p>One thread at a time, and not from within a message that is being written. After a message that could not be
 * written it must not be used again, since it stopped in the middle.
 */
final class ReusedEncoder extends OutputStream {
    private final CodedOutputStream encoder = CodedOutputStream.newInstance(this, ReusedDecoder.BUFFER_BYTES);
    private ByteBuf target = Unpooled.EMPTY_BUFFER;

    /** Writes the message at the writer index of {@code out}. */
    void write(MessageLite message, ByteBuf out) throws IOException {
        target = out;
        try {
            message.writeTo(encoder);
            encoder.flush();
        } finally {
            target = Unpooled.EMPTY_BUFFER;
        }
    }

    @Override
    public void write(byte[] source, int offset, int length) {
        target.writeBytes(source, offset, length);
    }

    @Override
    public void write(int octet) {
        target.writeByte(octet);
    }
}
