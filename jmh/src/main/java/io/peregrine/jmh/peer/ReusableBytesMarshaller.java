package io.peregrine.jmh.peer;

import io.grpc.MethodDescriptor.Marshaller;
import io.peregrine.allocation.ReusableBytes;
import io.peregrine.jmh.server.ByteArrayMarshaller;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** {@link ReusableBytes} for grpc-java, whose requests go the way of {@link ByteArrayMarshaller}. */
public final class ReusableBytesMarshaller implements Marshaller<ReusableBytes> {
    private final ByteArrayMarshaller arrays = new ByteArrayMarshaller();

    @Override
    public InputStream stream(ReusableBytes message) {
        return arrays.stream(message.array(), message.length());
    }

    @Override
    public ReusableBytes parse(InputStream stream) {
        try {
            ReusableBytes message = ReusableBytes.ofLength(stream.available());
            int read = stream.readNBytes(message.array(), 0, message.length());
            if (read != message.length() || stream.read() != -1) {
                throw new IllegalStateException("message stream: misjudged at " + read + " of " + message.length());
            }
            return message;
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
