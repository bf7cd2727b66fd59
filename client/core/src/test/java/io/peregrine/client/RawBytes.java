package io.peregrine.client;

import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Messages as they are, for grpc-java. */
public enum RawBytes implements Marshaller<byte[]> {
    MARSHALLER;

    /** A method of a grpc-java server: the one that {@code called} calls. */
    public static io.grpc.MethodDescriptor<byte[], byte[]> method(MethodDescriptor<byte[], byte[]> called) {
        return io.grpc.MethodDescriptor.newBuilder(MARSHALLER, MARSHALLER)
                .setType(MethodType.valueOf(called.type().name()))
                .setFullMethodName(called.fullName())
                .build();
    }

    @Override
    public InputStream stream(byte[] value) {
        return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
        try {
            return stream.readAllBytes();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
