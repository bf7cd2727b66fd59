package io.peregrine.client.internal.message;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.compression.Codec;
import io.peregrine.client.compression.Codecs;
import io.peregrine.transport.header.ResponseHeaders;
import org.jspecify.annotations.Nullable;

/**
 * Turns what a server sent into response messages, and what is wrong with it into a status. It has no state, so that
 * an uncompressed response costs nothing: a call keeps the {@linkplain #codecOf codec} of its response. Any thread.
 */
public final class ResponseDecoder {
    private static final AsciiString GRPC_ENCODING = AsciiString.cached("grpc-encoding");

    /** A message is given this many times its compressed size at first; text and protobuf seldom need more. */
    private static final int USUAL_RATIO = 4;

    private static final int MIN_BUFFER_BYTES = 256;

    /** A buffer has no room for more anyway, and one byte over the limit must be countable. */
    private static final int MAX_LIMIT = Integer.MAX_VALUE - 1;

    private ResponseDecoder() {}

    /**
     * The codec of a response with these headers.
     *
     * @return null if its messages come as they are: without {@code grpc-encoding}, or with {@code identity}
     * @throws StatusException with INTERNAL if the encoding is not installed (SPEC MS-5)
     */
    public static @Nullable Codec codecOf(Codecs codecs, ResponseHeaders headers) {
        AsciiString encoding = headers.find(GRPC_ENCODING);
        if (encoding == null) {
            return null;
        }
        Codec codec = codecs.find(encoding);
        if (codec == null) {
            throw new StatusException(Status.of(
                    StatusCode.INTERNAL,
                    "grpc-encoding of the response: \"" + encoding + "\" (expected one of: " + codecs + ')'));
        }
        return codec == Codecs.identity() ? null : codec;
    }

    /**
     * What the application sees of the response headers (MD-5).
     *
     * @throws StatusException with INTERNAL if a binary value is not base64 (MD-3): a problem of this call, never of
     *     the connection
     */
    public static Metadata metadataOf(ResponseHeaders headers) {
        return metadataOf(headers, true);
    }

    /** As {@link #metadataOf}, but a value that is not base64 is left out: the status that came with it stands. */
    public static Metadata metadataOfTrailers(ResponseHeaders trailers) {
        return metadataOf(trailers, false);
    }

    private static Metadata metadataOf(ResponseHeaders headers, boolean strict) {
        Metadata.@Nullable Builder builder = null;
        for (int i = 0; i < headers.size(); i++) {
            if (Metadata.Builder.isVisible(headers.name(i))) {
                builder = builder == null ? Metadata.builder() : builder;
                if (!builder.tryReceive(headers.name(i), headers.value(i)) && strict) {
                    throw new StatusException(Status.of(
                            StatusCode.INTERNAL, "metadata value of \"" + headers.name(i) + "\" is not base64"));
                }
            }
        }
        return builder == null ? Metadata.EMPTY : builder.build();
    }

    /**
     * Reads one message.
     *
     * @param message its bytes, borrowed, at most {@code maxMessageBytes} of them
     * @param compressed gRPC's compressed flag
     * @param codec of the response's headers
     * @param maxMessageBytes the largest message accepted in bytes, after decompression
     * @throws StatusException with RESOURCE_EXHAUSTED if the message is too large (MS-2), and INTERNAL if it is
     *     compressed without a codec, cannot be decompressed (MS-5) or cannot be unmarshalled (MS-6)
     */
    public static <R> R read(
            Marshaller<R> marshaller, ByteBuf message, boolean compressed, @Nullable Codec codec, int maxMessageBytes) {
        return compressed
                ? readCompressed(marshaller, message, codec, maxMessageBytes)
                : unmarshal(marshaller, message);
    }

    private static <R> R readCompressed(
            Marshaller<R> marshaller, ByteBuf message, @Nullable Codec codec, int maxMessageBytes) {
        if (codec == null) {
            throw new StatusException(
                    Status.of(StatusCode.INTERNAL, "the response is compressed although its headers name no encoding"));
        }
        ByteBuf plain = decompress(codec, message, Math.min(maxMessageBytes, MAX_LIMIT));
        try {
            return unmarshal(marshaller, plain);
        } finally {
            plain.release();
        }
    }

    /** The caller owns the buffer. */
    private static ByteBuf decompress(Codec codec, ByteBuf message, int limit) {
        ByteBuf plain = null;
        try {
            plain = allocate(message, limit);
            codec.decompress(message, plain, limit);
        } catch (Exception | Error failed) {
            if (plain != null) {
                plain.release();
            }
            throw new StatusException(
                    new Status(StatusCode.INTERNAL, "the response cannot be decompressed: " + failed, failed));
        }
        if (plain.readableBytes() > limit) {
            plain.release();
            throw new StatusException(Status.of(
                    StatusCode.RESOURCE_EXHAUSTED,
                    "response: message exceeds maximum size of " + limit + " bytes when decompressed"));
        }
        return plain;
    }

    private static ByteBuf allocate(ByteBuf message, int limit) {
        long expected = Math.max((long) USUAL_RATIO * message.readableBytes(), MIN_BUFFER_BYTES);
        return message.alloc().directBuffer((int) Math.min(expected, limit + 1), limit + 1);
    }

    private static <R> R unmarshal(Marshaller<R> marshaller, ByteBuf message) {
        try {
            return marshaller.read(message);
        } catch (Exception | Error unreadable) {
            throw new StatusException(
                    new Status(StatusCode.INTERNAL, "the response cannot be unmarshalled: " + unreadable, unreadable));
        }
    }
}
