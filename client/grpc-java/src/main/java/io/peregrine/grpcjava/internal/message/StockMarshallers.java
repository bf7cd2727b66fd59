package io.peregrine.grpcjava.internal.message;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.grpc.MethodDescriptor;
import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.ProtobufBuffers;
import io.peregrine.client.Marshaller;

/**
 * Tells which marshallers are those of grpc-protobuf, whose messages need no stream between them and a buffer. That
 * library is no dependency: the class is known by its name, and the message by the prototype that it shows.
 */
public final class StockMarshallers {
    private static final String OF_GRPC_PROTOBUF = "io.grpc.protobuf.lite.ProtoLiteUtils$MessageMarshaller";

    private StockMarshallers() {}

    /** Whether the marshaller writes what {@link MessageLite#writeTo} does. */
    public static boolean isProtobuf(MethodDescriptor.Marshaller<?> marshaller) {
        return marshaller.getClass().getName().equals(OF_GRPC_PROTOBUF)
                && marshaller instanceof MethodDescriptor.PrototypeMarshaller<?> prototype
                && prototype.getMessagePrototype() instanceof MessageLite;
    }

    /** Reads what the marshaller reads. */
    public static <R> Marshaller<R> reader(MethodDescriptor.Marshaller<R> marshaller) {
        return isProtobuf(marshaller) && ExtensionFree.isSafe(marshaller)
                ? new MessageReader<>(marshaller, parserOf(marshaller))
                : new StreamReader<>(marshaller);
    }

    @SuppressWarnings("unchecked") // the prototype of R is an R
    private static <R> Parser<? extends R> parserOf(MethodDescriptor.Marshaller<R> marshaller) {
        MessageLite prototype =
                (MessageLite) ((MethodDescriptor.PrototypeMarshaller<R>) marshaller).getMessagePrototype();
        return (Parser<? extends R>) prototype.getParserForType();
    }

    /** Reads through the marshaller's own {@code parse}. */
    private record StreamReader<R>(MethodDescriptor.Marshaller<R> marshaller) implements Marshaller<R> {
        @Override
        public int encodedSize(R message) {
            throw onlyReads();
        }

        @Override
        public void write(R message, ByteBuf out) {
            throw onlyReads();
        }

        @Override
        public R read(ByteBuf message) throws Exception {
            try (InboundStream stream = new InboundStream(message)) {
                return marshaller.parse(stream);
            }
        }
    }

    /** Reads with the message's parser; what that refuses, the marshaller decides on. */
    private record MessageReader<R>(MethodDescriptor.Marshaller<R> marshaller, Parser<?> parser)
            implements Marshaller<R> {
        @Override
        public int encodedSize(R message) {
            throw onlyReads();
        }

        @Override
        public void write(R message, ByteBuf out) {
            throw onlyReads();
        }

        @Override
        @SuppressWarnings("unchecked") // the parser of R's prototype
        public R read(ByteBuf message) throws Exception {
            int start = message.readerIndex();
            try {
                return (R) ProtobufBuffers.read((Parser<? extends MessageLite>) parser, message);
            } catch (InvalidProtocolBufferException refused) {
                message.readerIndex(start);
                try (InboundStream stream = new InboundStream(message)) {
                    return marshaller.parse(stream);
                }
            }
        }
    }

    private static UnsupportedOperationException onlyReads() {
        return new UnsupportedOperationException("a client writes no responses");
    }
}
