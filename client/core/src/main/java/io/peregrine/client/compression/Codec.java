package io.peregrine.client.compression;

import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.MessageCompressor;
import java.io.IOException;

/**
 * One way to compress messages, and back. A channel uses those in its {@link Codecs}.
 *
 * <p>Implementations are safe for use by several threads at once: requests are compressed by the threads that send
 * them, responses are decompressed on the event loops, whose other calls wait meanwhile. An exception ends the call
 * that it happened to, with INTERNAL, and no other (SPEC MS-5).
 */
public interface Codec extends MessageCompressor {
    /**
     * The name in {@code grpc-encoding}, for example {@code zstd}; always the same.
     *
     * @return one or more of {@code a-z 0-9 - _ .}
     */
    String name();

    /**
     * {@inheritDoc}
     *
     * @param message at least one byte, borrowed: valid only during the call; a direct buffer
     * @param out a direct buffer
     */
    @Override
    void compress(ByteBuf message, ByteBuf out) throws IOException;

    /**
     * Appends to {@code out} what was compressed into all readable bytes of {@code compressed}. If that is more than
     * {@code maxBytes}, stops as soon as it has appended {@code maxBytes + 1} bytes: a few bytes from a hostile server
     * may stand for gigabytes. The call then ends with RESOURCE_EXHAUSTED (SPEC MS-2), and nobody looks at the rest.
     *
     * @param compressed what the server sent, borrowed: valid only during the call; of any kind, and not seldom in
     *     several parts
     * @param out an empty direct buffer, which refuses more than {@code maxBytes + 1} bytes with
     *     {@link IndexOutOfBoundsException}
     * @param maxBytes the largest message accepted, in {@code 0..Integer.MAX_VALUE - 1}
     * @throws IOException if the bytes are truncated, corrupt or not of this codec
     */
    void decompress(ByteBuf compressed, ByteBuf out, int maxBytes) throws IOException;
}
