package io.peregrine.client.internal.message;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.peregrine.allocation.MessageFramer;
import io.peregrine.allocation.MessageSizeException;
import io.peregrine.allocation.MessageWriter;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.compression.Codec;
import io.peregrine.client.compression.Codecs;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Turns request messages into what is sent, and what goes wrong at it into a status. Any thread. */
public final class RequestEncoder {
    private RequestEncoder() {}

    /**
     * The codec for the requests of a call.
     *
     * @param compressor the name that the call gives, or null
     * @return null if requests are sent as they are: no name, or {@code identity}
     * @throws StatusException with INTERNAL if it is not installed (SPEC MS-4)
     */
    public static @Nullable Codec codecOf(Codecs codecs, @Nullable String compressor) {
        if (compressor == null) {
            return null;
        }
        Codec codec = codecs.find(compressor);
        if (codec == null) {
            throw new StatusException(Status.of(
                    StatusCode.INTERNAL, "compressor: \"" + compressor + "\" (expected one of: " + codecs + ')'));
        }
        return codec == Codecs.identity() ? null : codec;
    }

    /**
     * Marshals one message behind its prefix. The caller owns the buffer.
     *
     * @param maxMessageBytes the largest message in bytes, before compression
     * @param codec compresses the message, unless it has no bytes (MS-4); null for a message to be sent as it is
     * @throws StatusException with RESOURCE_EXHAUSTED if the message is too large, for which nothing was written
     *     (MS-2), its cause a {@link MessageSizeException}, and INTERNAL if the marshaller or the codec throws (MS-6)
     */
    public static <T> ByteBuf frame(
            ByteBufAllocator allocator,
            MessageWriter<? super T> writer,
            T message,
            int maxMessageBytes,
            @Nullable Codec codec) {
        try {
            return codec == null
                    ? MessageFramer.frame(allocator, writer, message, maxMessageBytes)
                    : MessageFramer.frame(allocator, writer, message, maxMessageBytes, codec);
        } catch (MessageSizeException tooLarge) {
            throw new StatusException(
                    new Status(StatusCode.RESOURCE_EXHAUSTED, "request: " + tooLarge.getMessage(), tooLarge));
        } catch (IOException incompressible) {
            throw new StatusException(new Status(
                    StatusCode.INTERNAL, "the request cannot be compressed: " + incompressible, incompressible));
        } catch (RuntimeException | Error failed) {
            String what = codec == null ? "marshalled" : "marshalled and compressed";
            throw new StatusException(
                    new Status(StatusCode.INTERNAL, "the request cannot be " + what + ": " + failed, failed));
        }
    }
}
