package io.peregrine.client;

import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.MessageWriter;

/**
 * Turns messages of one type into bytes and back. Implementations are safe for use by several threads at once.
 *
 * @param <T> the type of the messages
 */
public interface Marshaller<T> extends MessageWriter<T> {
    /**
     * Reads a message from all readable bytes of {@code message}, which are borrowed: valid only during the call.
     *
     * @throws Exception if the bytes are not a message; the call then ends with INTERNAL
     */
    T read(ByteBuf message) throws Exception;
}
