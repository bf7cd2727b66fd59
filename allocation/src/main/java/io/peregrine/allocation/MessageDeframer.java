package io.peregrine.allocation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the DATA of one HTTP/2 stream into gRPC messages (gRPC over HTTP/2, "Length-Prefixed-Message"), however
 * the peer divided them into frames.
 *
 * <p>Data is <b>borrowed</b> in both directions. {@link #deframe} does not release the frame it is given, and the
 * message that it hands to the {@link Sink} is valid until {@link Sink#onMessage} returns.
 * <ul>
 * <li>A message that lies in one frame is handed out as the frame itself, with the indices narrowed to the
 *     message: no object is allocated and no byte is copied.
 * <li>A message that spans frames is collected from parts of retained frames, and they are released after it was
 *     handed out. Parts below {@value #MIN_RETAINED_BYTES} bytes are copied instead, so that a peer which drips bytes
 *     cannot keep one read buffer alive for each.
 * </ul>
 *
 * <p>What a peer can make this class hold follows from what it sent, never from the length that it declared: the
 * copies take at most as much again as the bytes received, but no less than {@value #MIN_COPY_BUFFER_BYTES} bytes.
 * A prefix is judged as soon as its bytes are there, before anything behind it is held.
 *
 * <p>One deframer belongs to one stream and shares its event loop; the stream asserts it.
 */
@EventLoopConfined
public final class MessageDeframer {
    /** Below this size a slice costs more memory in what it pins than a copy does. */
    public static final int MIN_RETAINED_BYTES = 1024;

    /** The first buffer for copies; large enough for the usual message that two frames share. */
    static final int MIN_COPY_BUFFER_BYTES = 2048;

    /** The largest buffer for copies: 64 of them make the usual limit of 4 MiB. */
    static final int MAX_COPY_BUFFER_BYTES = 64 * 1024;

    private static final int PREFIX_BYTES = MessageFramer.PREFIX_BYTES;
    private static final int COMPRESSED = 0x01;

    private final ByteBufAllocator allocator;
    private final int maxMessageBytes;

    /** The bytes of the current prefix that were read, 0 to {@value MessageFramer#PREFIX_BYTES}. */
    private int prefixBytesRead;

    private boolean compressed;
    private boolean closed;

    /** The declared length; built up byte by byte while {@link #prefixBytesRead} is 1 to 4. */
    private int length;

    /** The parts of a message that spans frames, less those in {@link #copies}; empty between messages. Owned. */
    private @Nullable CompositeByteBuf parts;

    /** The last part, while it still has room for small ones. Owned. */
    private @Nullable ByteBuf copies;

    /** Receives the messages of one stream, on its event loop. */
    public interface Sink {
        /**
         * Receives one message. The indices of {@code message} bound it: {@code readerIndex()} is its first byte
         * and {@code readableBytes()} its length, and the sink may move the reader index freely.
         *
         * <p>The message is borrowed. A sink that keeps it takes {@code message.retainedSlice()} and releases that
         * slice later; it never releases {@code message}. It may close the deframer, and then receives no more; it
         * must not call {@link MessageDeframer#deframe} or {@link MessageDeframer#deframeOne}.
         *
         * @param message    the bytes of the message, without the prefix
         * @param compressed whether the compressed flag was set
         */
        void onMessage(ByteBuf message, boolean compressed);
    }

    /**
     * Makes a deframer for one stream.
     *
     * @param allocator       where the buffers for messages that span frames come from
     * @param maxMessageBytes the largest message accepted in bytes, as sent (before decompression); 0 or more
     */
    public MessageDeframer(ByteBufAllocator allocator, int maxMessageBytes) {
        if (maxMessageBytes < 0) {
            throw new IllegalArgumentException("maxMessageBytes: " + maxMessageBytes + " (expected: 0 or more)");
        }
        this.allocator = allocator;
        this.maxMessageBytes = maxMessageBytes;
    }

    /**
     * Hands out the message that {@code data} begins with, if it is whole and acceptable: what is needed of a deframer
     * in the usual case, without one.
     *
     * @param data the payload; borrowed
     * @param maxMessageBytes as for a deframer
     * @param sink receives the message
     * @return whether a message was handed out, and {@code data} is read up to its end; if not, {@code data} is as it
     *     was, and for a deframer to judge
     */
    public static boolean tryDeframeWhole(ByteBuf data, int maxMessageBytes, Sink sink) {
        int start = data.readerIndex();
        if (data.readableBytes() < PREFIX_BYTES) {
            return false;
        }
        byte flag = data.getByte(start);
        int length = data.getInt(start + 1);
        boolean acceptable = (flag & ~COMPRESSED) == 0 && Integer.compareUnsigned(length, maxMessageBytes) <= 0;
        if (!acceptable || data.readableBytes() - PREFIX_BYTES < length) {
            return false;
        }
        data.readerIndex(start + PREFIX_BYTES);
        handOut(data, length, flag != 0, sink);
        return true;
    }

    /**
     * Takes the payload of one DATA frame, less padding, and hands out each message that it completes.
     *
     * <p>However the method ends, the reader index of {@code data} is at its writer index and its reference count
     * is what it was. After a failure, of the peer or of the sink, the deframer is closed.
     *
     * @param data the payload; borrowed
     * @param sink receives the messages in the order in which they were sent
     * @throws DeframingException if a prefix has a reserved flag or declares a length over the limit
     */
    public void deframe(ByteBuf data, Sink sink) {
        int end = data.writerIndex();
        try {
            while (deframeOne(data, sink)) {
                // The sink has had one more.
            }
        } finally {
            data.setIndex(end, end);
        }
    }

    /**
     * As {@link #deframe}, but stops behind the first message that {@code data} completes, with the reader index
     * there, so that the rest can wait until somebody wants it.
     *
     * @return whether a message was handed out; if not, {@code data} is read to its end or the deframer is closed
     */
    public boolean deframeOne(ByteBuf data, Sink sink) {
        try {
            if (closed || !readPrefix(data)) {
                return false;
            }
            if (data.readableBytes() >= length && collectedBytes() == 0) {
                deliverInPlace(data, sink);
                return true;
            }
            if (collect(data)) {
                deliverCollected(sink);
                return true;
            }
            return false;
        } catch (Throwable failure) {
            close();
            throw failure;
        }
    }

    /**
     * Whether the bytes so far end inside a prefix or a message: at the end of the stream, a truncated message.
     * False after {@link #close}.
     */
    public boolean isMidMessage() {
        return prefixBytesRead > 0;
    }

    /**
     * Releases what is held and discards all further data. Closing again has no effect. Inside
     * {@link Sink#onMessage} the message being handed out stays valid until the sink returns.
     */
    public void close() {
        closed = true;
        prefixBytesRead = 0;
        CompositeByteBuf heldParts = parts;
        ByteBuf heldCopies = copies;
        parts = null;
        copies = null;
        if (heldParts != null) {
            heldParts.release();
        }
        if (heldCopies != null) {
            heldCopies.release();
        }
    }

    /** Returns whether the prefix of the current message is complete. */
    private boolean readPrefix(ByteBuf data) {
        if (prefixBytesRead == 0 && data.readableBytes() >= PREFIX_BYTES) {
            onFlag(data.readByte());
            length = data.readInt();
            prefixBytesRead = PREFIX_BYTES;
            checkLength();
        } else if (prefixBytesRead < PREFIX_BYTES) {
            readPrefixByByte(data);
        }
        return prefixBytesRead == PREFIX_BYTES;
    }

    private void readPrefixByByte(ByteBuf data) {
        while (prefixBytesRead < PREFIX_BYTES && data.isReadable()) {
            byte next = data.readByte();
            if (prefixBytesRead == 0) {
                onFlag(next);
            } else {
                length = (length << 8) | (next & 0xff);
            }
            prefixBytesRead++;
            if (prefixBytesRead == PREFIX_BYTES) {
                checkLength();
            }
        }
    }

    private void onFlag(byte flag) {
        if ((flag & ~COMPRESSED) != 0) {
            throw DeframingException.reservedFlag(flag);
        }
        compressed = flag != 0;
    }

    private void checkLength() {
        if (Integer.compareUnsigned(length, maxMessageBytes) > 0) {
            throw DeframingException.messageTooLarge(Integer.toUnsignedLong(length), maxMessageBytes);
        }
    }

    private void deliverInPlace(ByteBuf data, Sink sink) {
        // Before the sink runs, so that it finds the state of a message boundary.
        prefixBytesRead = 0;
        handOut(data, length, compressed, sink);
    }

    private static void handOut(ByteBuf data, int length, boolean compressed, Sink sink) {
        int end = data.writerIndex();
        int messageEnd = data.readerIndex() + length;
        data.writerIndex(messageEnd);
        try {
            sink.onMessage(data, compressed);
        } finally {
            data.setIndex(messageEnd, end);
        }
    }

    /** Takes what belongs to the current message; returns whether the message is complete. */
    private boolean collect(ByteBuf data) {
        int partBytes = Math.min(data.readableBytes(), length - collectedBytes());
        if (partBytes >= MIN_RETAINED_BYTES) {
            sealCopies();
            retain(data, partBytes);
        } else {
            copy(data, partBytes);
        }
        return collectedBytes() == length;
    }

    /** The frame itself, narrowed for a moment, is the part: a composite looks at the indices once. */
    private void retain(ByteBuf data, int partBytes) {
        int end = data.writerIndex();
        int partEnd = data.readerIndex() + partBytes;
        data.writerIndex(partEnd);
        try {
            addPart(data.retain());
        } finally {
            data.setIndex(partEnd, end);
        }
    }

    private int collectedBytes() {
        return (parts == null ? 0 : parts.readableBytes()) + (copies == null ? 0 : copies.readableBytes());
    }

    private void copy(ByteBuf data, int partBytes) {
        int leftBytes = partBytes;
        while (leftBytes > 0) {
            ByteBuf target = copies;
            if (target == null || !target.isWritable()) {
                sealCopies();
                target = allocator.directBuffer(nextCopyBufferBytes());
                copies = target;
            }
            int stepBytes = Math.min(leftBytes, target.writableBytes());
            target.writeBytes(data, stepBytes);
            leftBytes -= stepBytes;
        }
    }

    /** Grows with the bytes received; the length that the peer declared can only make the buffer smaller. */
    private int nextCopyBufferBytes() {
        int heldBytes = collectedBytes();
        int wanted = Math.max(MIN_COPY_BUFFER_BYTES, Math.min(heldBytes, MAX_COPY_BUFFER_BYTES));
        return Math.min(wanted, length - heldBytes);
    }

    private void sealCopies() {
        ByteBuf full = copies;
        if (full != null) {
            copies = null;
            addPart(full);
        }
    }

    /** Takes ownership of the part, also when it throws. */
    private void addPart(ByteBuf part) {
        CompositeByteBuf target = parts;
        if (target == null) {
            target = newComposite(part);
            parts = target;
        }
        target.addComponent(true, part);
    }

    private CompositeByteBuf newComposite(ByteBuf firstPart) {
        try {
            // Never consolidate: it would copy the whole message again each time the limit is reached.
            return allocator.compositeDirectBuffer(Integer.MAX_VALUE);
        } catch (Throwable failure) {
            firstPart.release();
            throw failure;
        }
    }

    private void deliverCollected(Sink sink) {
        CompositeByteBuf composite = parts;
        if (composite != null && composite.isReadable()) {
            sealCopies();
            deliverParts(composite, sink);
            return;
        }
        ByteBuf message = Objects.requireNonNull(copies);
        // No longer held: a sink that closes the deframer must not release what it is reading.
        copies = null;
        prefixBytesRead = 0;
        try {
            sink.onMessage(message, compressed);
        } finally {
            message.release();
        }
    }

    private void deliverParts(CompositeByteBuf message, Sink sink) {
        parts = null;
        prefixBytesRead = 0;
        boolean reusable = false;
        try {
            sink.onMessage(message, compressed);
            // Unless the sink keeps a slice of it.
            reusable = !closed && message.refCnt() == 1;
        } finally {
            if (reusable) {
                message.removeComponents(0, message.numComponents());
                message.clear();
                parts = message;
            } else {
                message.release();
            }
        }
    }
}
