package io.peregrine.grpcjava.internal.message;

import com.google.protobuf.MessageLite;
import io.grpc.MethodDescriptor;
import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.ProtobufBuffers;
import io.peregrine.client.Marshaller;

/**
 * Writes what stands for a request: a protobuf message itself, or an {@link OutboundStream}.
 *
 * @param method whose requests they are
 */
public record RequestWriter(MethodDescriptor<?, ?> method) implements Marshaller<Object> {
    @Override
    public int encodedSize(Object message) {
        return message instanceof OutboundStream stream
                ? stream.size()
                : ProtobufBuffers.encodedSize((MessageLite) message);
    }

    @Override
    public void write(Object message, ByteBuf out) {
        if (message instanceof OutboundStream stream) {
            stream.writeTo(out);
        } else {
            ProtobufBuffers.write((MessageLite) message, out);
        }
    }

    @Override
    public Object read(ByteBuf message) {
        throw new UnsupportedOperationException("a client reads no requests");
    }
}
