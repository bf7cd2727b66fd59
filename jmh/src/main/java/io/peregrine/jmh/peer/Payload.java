package io.peregrine.jmh.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import io.grpc.protobuf.ProtoUtils;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.jmh.server.ByteArrayMarshaller;

/**
 * A message of {@value #BYTES} bytes with what each client needs to marshal it.
 *
 * @param message the message
 * @param peregrine marshals it for Peregrine
 * @param grpcJava marshals it for grpc-java
 * @param <M> its type
 */
public record Payload<M>(M message, Marshaller<M> peregrine, io.grpc.MethodDescriptor.Marshaller<M> grpcJava) {
    /** The encoded size of the message. */
    public static final int BYTES = 100;

    /** The method called; the echo servers answer every method alike. */
    public static final String METHOD = "peregrine.load.Echo/UnaryEcho";

    private static final int FIELD_OVERHEAD_BYTES = 2;

    /** An array of zeros. */
    public static Payload<byte[]> ofBytes() {
        return new Payload<>(new byte[BYTES], Marshallers.bytes(), new ByteArrayMarshaller());
    }

    /** The payload named {@code bytes} or {@code protobuf}. */
    public static Payload<?> named(String name) {
        return switch (name) {
            case "bytes" -> ofBytes();
            case "protobuf" ->
                new Payload<>(
                        BytesValue.of(ByteString.copyFrom(new byte[BYTES - FIELD_OVERHEAD_BYTES])),
                        Marshallers.protobuf(BytesValue.parser()),
                        ProtoUtils.marshaller(BytesValue.getDefaultInstance()));
            default -> throw new IllegalArgumentException("payload: " + name + " (expected: bytes or protobuf)");
        };
    }
}
