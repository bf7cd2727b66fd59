package io.peregrine.allocation;

import io.netty.buffer.ByteBuf;
import java.io.IOException;

/** Makes the compressed form of a message, for {@link MessageFramer}. */
@FunctionalInterface
public interface MessageCompressor {
    /**
     * Appends the compressed form of all readable bytes of {@code message} to {@code out}, which grows as needed.
     * Both buffers stay the caller's; they are neither released nor kept.
     *
     * @param message at least one byte
     * @param out     where to write; what lies before its writer index is not touched
     * @throws IOException if the message cannot be compressed
     */
    void compress(ByteBuf message, ByteBuf out) throws IOException;
}
