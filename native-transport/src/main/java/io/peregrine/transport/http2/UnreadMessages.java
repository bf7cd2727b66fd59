package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.peregrine.allocation.MessageDeframer;
import io.peregrine.allocation.ownership.EventLoopConfined;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What a streaming stream has received and its caller has not asked for: octets in the order of the wire, and the end
 * that waits behind them. The stream's window bounds it.
 */
@EventLoopConfined
final class UnreadMessages {
    private static final int COPY_BUFFER_BYTES = 4096;

    private final ArrayDeque<ByteBuf> octets = new ArrayDeque<>(4);

    /** The last piece, while it has room for small ones. */
    private @Nullable ByteBuf copies;

    private int bytes;

    /** Received bytes that were read, or are padding, and are not yet credited to the peer. */
    int creditOwed;

    /** Messages that the caller wants; all, if it is the largest number. */
    private int demand;

    /** Reports the stream's end, once all before it was read. */
    private @Nullable Runnable end;

    private boolean closed;

    void addDemand(int messages) {
        demand = MessagePipe.saturatingSum(demand, messages);
    }

    boolean isWanted() {
        return demand > 0;
    }

    void onDelivered() {
        if (demand != Integer.MAX_VALUE) {
            demand--;
        }
    }

    int bytes() {
        return bytes;
    }

    boolean isEmpty() {
        return octets.isEmpty();
    }

    /** Keeps what is readable of {@code data}, and reads it. */
    void add(ByteBuf data, ByteBufAllocator allocator) {
        int added = data.readableBytes();
        if (added >= MessageDeframer.MIN_RETAINED_BYTES) {
            copies = null;
            octets.add(data.readRetainedSlice(added));
        } else {
            copy(data, allocator);
        }
        bytes += added;
    }

    /** Small pieces share a buffer, so that a peer which drips octets cannot keep one read buffer alive for each. */
    private void copy(ByteBuf data, ByteBufAllocator allocator) {
        ByteBuf target = copies;
        if (target == null || target.writableBytes() < data.readableBytes()) {
            target = allocator.directBuffer(COPY_BUFFER_BYTES, COPY_BUFFER_BYTES);
            copies = target;
            octets.add(target);
        }
        target.writeBytes(data);
    }

    /** Takes the first piece, which is the caller's now: to be read, and {@linkplain #putBack put back} or released. */
    @Nullable
    ByteBuf take() {
        ByteBuf first = octets.poll();
        if (first != null) {
            bytes -= first.readableBytes();
            if (octets.isEmpty()) {
                copies = null;
            }
        }
        return first;
    }

    /** Returns a piece that was taken and says how much of it waits: nothing if it was read, or nobody reads on. */
    int putBack(ByteBuf piece) {
        int left = closed ? 0 : piece.readableBytes();
        if (left == 0) {
            piece.release();
        } else {
            octets.addFirst(piece);
            bytes += left;
        }
        return left;
    }

    /** Lets the stream end behind what is unread; only the first end counts. */
    void endWith(Runnable reportEnd) {
        if (end == null) {
            end = reportEnd;
        }
    }

    /** The end that waits, if all before it was read. */
    @Nullable
    Runnable dueEnd() {
        return octets.isEmpty() ? end : null;
    }

    void close() {
        closed = true;
        bytes = 0;
        copies = null;
        octets.forEach(ByteBuf::release);
        octets.clear();
    }
}
