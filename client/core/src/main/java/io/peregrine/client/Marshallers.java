package io.peregrine.client;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.Buffers;
import io.peregrine.allocation.ProtobufBuffers;
import io.peregrine.allocation.ReusableBytes;

/** The marshallers that come with the library. */
public final class Marshallers {
    private static final Marshaller<byte[]> BYTES = new Bytes();
    private static final Marshaller<ReusableBytes> REUSABLE_BYTES = new Reusable();

    private Marshallers() {}

    /** Messages as they are on the wire. The array of a request must not change until the call has been started. */
    public static Marshaller<byte[]> bytes() {
        return BYTES;
    }

    /**
     * Messages as they are on the wire, without a new array for each. A request is the caller's to close: after the call
     * was started, or, if the channel has interceptors, which may send it later or again, after the call has ended; of a
     * publisher, when there will be no more subscriptions. A response is the receiver's.
     */
    public static Marshaller<ReusableBytes> reusableBytes() {
        return REUSABLE_BYTES;
    }

    /** Protobuf messages, for example {@code Marshallers.protobuf(HelloReply.parser())}. */
    public static <M extends MessageLite> Marshaller<M> protobuf(Parser<M> parser) {
        return new Protobuf<>(parser);
    }

    private static final class Bytes implements Marshaller<byte[]> {
        @Override
        public int encodedSize(byte[] message) {
            return message.length;
        }

        @Override
        public void write(byte[] message, ByteBuf out) {
            out.writeBytes(message);
        }

        @Override
        public byte[] read(ByteBuf message) {
            byte[] read = new byte[message.readableBytes()];
            Buffers.read(message, read, 0, read.length);
            return read;
        }
    }

    private static final class Reusable implements Marshaller<ReusableBytes> {
        @Override
        public int encodedSize(ReusableBytes message) {
            return message.length();
        }

        @Override
        public void write(ReusableBytes message, ByteBuf out) {
            out.writeBytes(message.array(), 0, message.length());
        }

        @Override
        public ReusableBytes read(ByteBuf message) {
            int length = message.readableBytes();
            ReusableBytes read = ReusableBytes.ofLength(length);
            Buffers.read(message, read.array(), 0, length);
            return read;
        }
    }

    private record Protobuf<M extends MessageLite>(Parser<M> parser) implements Marshaller<M> {
        @Override
        public int encodedSize(M message) {
            return ProtobufBuffers.encodedSize(message);
        }

        @Override
        public void write(M message, ByteBuf out) {
            ProtobufBuffers.write(message, out);
        }

        @Override
        public M read(ByteBuf message) throws Exception {
            return ProtobufBuffers.read(parser, message);
        }
    }
}
