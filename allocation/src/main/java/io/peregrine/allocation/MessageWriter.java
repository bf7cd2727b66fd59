package io.peregrine.allocation;

import io.netty.buffer.ByteBuf;

/**
 * Encodes messages of one type into a buffer whose size is known beforehand.
 *
 * <p>{@link MessageFramer} calls {@link #encodedSize} once and {@link #write} right after it, on the same
 * thread and with the same message; an implementation may keep what it learned between the two calls in the
 * message itself, as protobuf does.
 *
 * @param <T> the type of the messages
 */
public interface MessageWriter<T> {
    /**
     * Returns the number of bytes that {@link #write} will write for the message, 0 or more.
     *
     * @param message the message, not changed until it is written
     */
    int encodedSize(T message);

    /**
     * Writes the message at {@code out.writerIndex()}: exactly as many bytes as {@link #encodedSize} said, for
     * which there is room. The buffer stays the caller's; it is neither released nor kept.
     *
     * @param message the message that was given to {@link #encodedSize}
     * @param out     the buffer to write into
     */
    void write(T message, ByteBuf out);
}
