package io.peregrine.client.internal.watch;

import com.google.protobuf.CodedInputStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.peregrine.client.Marshaller;
import java.io.IOException;

/** The marshaller of a message that servers send, and clients never. */
abstract class ReceivedOnly<T> implements Marshaller<T> {
    /** Reads a whole message. */
    abstract T read(CodedInputStream in) throws IOException;

    @Override
    public final T read(ByteBuf message) throws IOException {
        return read(CodedInputStream.newInstance(new ByteBufInputStream(message)));
    }

    @Override
    public final int encodedSize(T message) {
        throw new UnsupportedOperationException("a client does not send: " + message);
    }

    @Override
    public final void write(T message, ByteBuf out) {
        throw new UnsupportedOperationException("a client does not send: " + message);
    }
}
