package io.peregrine.grpcjava.internal.message;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.Status;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A message as a grpc-java marshaller gives it, on its way into a buffer: drained straight into it if the stream can be,
 * read through one array only if its length is not known before. For one use, on one thread.
 */
public final class OutboundStream {
    private final InputStream stream;
    private final int size;

    private OutboundStream(InputStream stream, int size) {
        this.stream = stream;
        this.size = size;
    }

    /** The message in {@code stream}, which is this object's from now on. */
    public static OutboundStream of(InputStream stream) {
        try {
            return stream instanceof KnownLength ? new OutboundStream(stream, stream.available()) : read(stream);
        } catch (IOException failed) {
            throw unreadable(failed);
        }
    }

    /** The same message, which does not depend on the application's any more. */
    public OutboundStream readNow() {
        try {
            return read(stream);
        } catch (IOException failed) {
            throw unreadable(failed);
        }
    }

    private static OutboundStream read(InputStream stream) throws IOException {
        try (stream) {
            byte[] bytes = stream.readAllBytes();
            return new OutboundStream(new ByteArrayInputStream(bytes), bytes.length);
        }
    }

    int size() {
        return size;
    }

    /** Writes the message, once. */
    void writeTo(ByteBuf out) {
        try (InputStream from = stream) {
            if (from instanceof Drainable drainable) {
                int unused = drainable.drainTo(new ByteBufOutputStream(out));
            } else {
                copy(from, out);
            }
        } catch (IOException failed) {
            throw unreadable(failed);
        }
    }

    private void copy(InputStream from, ByteBuf out) throws IOException {
        int left = size;
        while (left > 0) {
            int read = out.writeBytes(from, left);
            if (read < 0) {
                throw new IOException("the message ended " + left + " bytes before its length of " + size);
            }
            left -= read;
        }
    }

    private static RuntimeException unreadable(IOException failed) {
        return Status.INTERNAL
                .withDescription("Failed to read the message")
                .withCause(failed)
                .asRuntimeException();
    }
}
