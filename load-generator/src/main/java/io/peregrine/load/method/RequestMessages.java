package io.peregrine.load.method;

import com.google.protobuf.ByteString;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.peregrine.load.proto.EchoMessage;

/** Encodes the request once, before the run, so that calls send ready bytes. */
public final class RequestMessages {
    private RequestMessages() {}

    /**
     * Encodes a message that is given as JSON.
     *
     * @throws IllegalArgumentException when the text is not JSON for the method's request type
     */
    public static byte[] ofJson(String json, UnaryMethod method) {
        DynamicMessage.Builder message = DynamicMessage.newBuilder(method.input());
        try {
            JsonFormat.parser().usingTypeRegistry(method.types()).merge(json, message);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(
                    "data: " + abbreviate(json) + " (expected: a JSON object for "
                            + method.input().getFullName() + ": " + firstSentence(e) + ')',
                    e);
        }
        return message.build().toByteArray();
    }

    /** An echo request with a payload of {@code payloadBytes} bytes, not all alike. */
    public static byte[] echo(int payloadBytes) {
        byte[] payload = new byte[payloadBytes];
        for (int i = 0; i < payloadBytes; i++) {
            payload[i] = (byte) ('a' + i % 26);
        }
        return EchoMessage.newBuilder()
                .setPayload(ByteString.copyFrom(payload))
                .build()
                .toByteArray();
    }

    /** Keeps a sentence a sentence when the input is a document. */
    private static String abbreviate(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.length() <= 80 ? line : line.substring(0, 77) + "...";
    }

    private static String firstSentence(InvalidProtocolBufferException e) {
        String reason = String.valueOf(e.getMessage());
        // Gson's parser quotes its own class and a link after the reason.
        reason = reason.replaceFirst("^[\\w.]+Exception: ", "");
        return abbreviate(reason.lines().findFirst().orElse("malformed"));
    }
}
