package io.peregrine.jmh.server;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/** Byte arrays for grpc-java by its cheapest way: one write out of the array, one read into an array of the size. */
public final class ByteArrayMarshaller implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] message) {
        return stream(message, message.length);
    }

    /** The first {@code length} bytes of an array. */
    public InputStream stream(byte[] array, int length) {
        return new DrainableArray(array, length);
    }

    @Override
    public byte[] parse(InputStream stream) {
        try {
            byte[] message = new byte[stream.available()];
            int read = stream.readNBytes(message, 0, message.length);
            if (read != message.length || stream.read() != -1) {
                throw new IllegalStateException("message stream: misjudged at " + read + " of " + message.length);
            }
            return message;
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static final class DrainableArray extends ByteArrayInputStream implements Drainable, KnownLength {
        DrainableArray(byte[] array, int length) {
            super(array, 0, length);
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            int length = available();
            target.write(buf, pos, length);
            pos += length;
            return length;
        }
    }
}
