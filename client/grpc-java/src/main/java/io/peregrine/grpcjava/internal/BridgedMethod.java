package io.peregrine.grpcjava.internal;

import com.google.protobuf.MessageLite;
import io.grpc.MethodDescriptor;
import io.peregrine.client.MethodType;
import io.peregrine.grpcjava.internal.message.OutboundStream;
import io.peregrine.grpcjava.internal.message.RequestWriter;
import io.peregrine.grpcjava.internal.message.StockMarshallers;
import java.io.InputStream;

/**
 * A method of grpc-java's with its native counterpart, made once for each channel and method. Immutable.
 *
 * @param <Q> the request messages
 * @param <R> the response messages
 */
final class BridgedMethod<Q, R> {
    private final MethodDescriptor<Q, R> method;
    private final io.peregrine.client.MethodDescriptor<Object, R> nativeMethod;
    private final boolean leanRequests;

    BridgedMethod(MethodDescriptor<Q, R> method) {
        this.method = method;
        this.leanRequests = StockMarshallers.isProtobuf(method.getRequestMarshaller());
        RequestWriter writer = new RequestWriter(method);
        this.nativeMethod = io.peregrine.client.MethodDescriptor.of(
                typeOf(method.getType()),
                method.getFullMethodName(),
                writer,
                StockMarshallers.reader(method.getResponseMarshaller()));
    }

    private static MethodType typeOf(MethodDescriptor.MethodType type) {
        return switch (type) {
            case UNARY -> MethodType.UNARY;
            case CLIENT_STREAMING -> MethodType.CLIENT_STREAMING;
            case SERVER_STREAMING -> MethodType.SERVER_STREAMING;
            case BIDI_STREAMING, UNKNOWN -> MethodType.BIDI_STREAMING;
        };
    }

    /** The method that a native one stands for. */
    static MethodDescriptor<?, ?> grpcMethodOf(io.peregrine.client.MethodDescriptor<?, ?> nativeMethod) {
        if (nativeMethod.requestMarshaller() instanceof RequestWriter writer) {
            return writer.method();
        }
        throw new IllegalArgumentException("method: " + nativeMethod + " (expected: one of this channel's calls)");
    }

    MethodDescriptor.MethodType type() {
        return method.getType();
    }

    io.peregrine.client.MethodDescriptor<Object, R> nativeMethod() {
        return nativeMethod;
    }

    /** What stands for a message on its way to {@link RequestWriter}: itself, or the stream of its marshaller. */
    Object outbound(Q message) {
        if (leanRequests && message instanceof MessageLite) {
            return message;
        }
        InputStream stream = method.streamRequest(message);
        return OutboundStream.of(stream);
    }

    /** The same for a message that has to wait, and must not change meanwhile. */
    Object keep(Object outbound) {
        return outbound instanceof OutboundStream stream ? stream.readNow() : outbound;
    }

    @Override
    public String toString() {
        return method.getFullMethodName();
    }
}
