package io.peregrine.jmh.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import io.grpc.protobuf.ProtoUtils;
import io.peregrine.allocation.ReusableBytes;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.jmh.server.ByteArrayMarshaller;
import java.util.function.Consumer;

/**
 * A message of {@value #BYTES} bytes with what each client needs to marshal it.
 *
 * @param message the message
 * @param peregrine marshals it for Peregrine
 * @param grpcJava marshals it for grpc-java
 * @param release what the receiver of a response does when it has no more use for it
 * @param <M> its type
 */
public record Payload<M>(
        M message, Marshaller<M> peregrine, io.grpc.MethodDescriptor.Marshaller<M> grpcJava, Consumer<M> release) {
    /** The encoded size of the message. */
    public static final int BYTES = 100;

    /** The method called; the echo servers answer every method alike. */
    public static final String METHOD = "peregrine.load.Echo/UnaryEcho";

    private static final int FIELD_OVERHEAD_BYTES = 2;

    /** The garbage collector sees to it. */
    private static final Consumer<Object> LEFT = response -> {};

    /** An array of zeros. */
    public static Payload<byte[]> ofBytes() {
        return new Payload<>(new byte[BYTES], Marshallers.bytes(), new ByteArrayMarshaller(), LEFT::accept);
    }

    /** An array of zeros, and responses whose arrays are used again. */
    public static Payload<ReusableBytes> ofReusableBytes() {
        return new Payload<>(
                ReusableBytes.copyOf(new byte[BYTES]),
                Marshallers.reusableBytes(),
                new ReusableBytesMarshaller(),
                ReusableBytes::close);
    }

    /** The payload named {@code bytes}, {@code reusable} or {@code protobuf}. */
    public static Payload<?> named(String name) {
        return switch (name) {
            case "bytes" -> ofBytes();
            case "reusable" -> ofReusableBytes();
            case "protobuf" ->
                new Payload<>(
                        BytesValue.of(ByteString.copyFrom(new byte[BYTES - FIELD_OVERHEAD_BYTES])),
                        Marshallers.protobuf(BytesValue.parser()),
                        ProtoUtils.marshaller(BytesValue.getDefaultInstance()),
                        LEFT::accept);
            default ->
                throw new IllegalArgumentException("payload: " + name + " (expected: bytes, reusable or protobuf)");
        };
    }
}
