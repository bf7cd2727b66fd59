package io.peregrine.client.internal.retry;

import io.netty.buffer.ByteBuf;
import io.peregrine.transport.http2.MessagePipe;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What an uncommitted call has sent so far, to be sent again by another attempt: its messages in order, and whether
 * they were all (SPEC RT-4, RT-5).
 *
 * <p>It keeps a reference and a view with indices of its own for each message, so the attempt that sends the original
 * does not move what is replayed. The bytes themselves must not change. It counts them as they were framed, prefix
 * included, so that an endless stream of empty messages reaches the limit too.
 *
 * <pre>
 *           tryAdd: false (a limit is reached)
 *   open ──────────────────────────────────────▶ open, as before; the owner commits
 *    │                release
 *    └─────────────────────────────────────────▶ released: keeps nothing, adds nothing, for good
 * </pre>
 *
 * <p>Invariants: {@link #heldBytes} is the sum over the messages kept, at most the call's limit, and reserved in the
 * channel's budget; after {@link #release} both are 0 and no reference is left.
 *
 * <p>Not safe for use by several threads: guarded by its owner, the call, and its lock. What it hands out may be used
 * and released on any thread.
 */
public final class ReplayBuffer {
    /** D23: 1 MiB for one call, the limit of grpc-java. */
    public static final long DEFAULT_MAX_BYTES = 1 << 20;

    /** What a replay goes to. */
    public interface Target {
        /** The next message; the receiver releases it. */
        void onMessage(ByteBuf framed);

        /** There are no more messages. */
        void onHalfClose();
    }

    private static final @Nullable ByteBuf[] EMPTY = {};

    private final ReplayBudget budget;
    private final long maxBytes;
    private @Nullable ByteBuf[] messages = EMPTY;
    private int size;
    private long heldBytes;
    private boolean halfClosed;
    private boolean released;

    /**
     * An empty buffer.
     *
     * @param budget the channel's
     * @param maxBytes what this call may keep; 0 or more
     */
    public ReplayBuffer(ReplayBudget budget, long maxBytes) {
        if (maxBytes < 0) {
            throw new IllegalArgumentException("replay buffer: " + maxBytes + " bytes (expected: 0 or more)");
        }
        this.budget = budget;
        this.maxBytes = maxBytes;
    }

    /**
     * Keeps one more message. The caller's reference stays the caller's.
     *
     * @param framed the message with its prefix, from reader to writer index
     * @return false if it was not added, because the call's or the channel's limit would be crossed or the buffer was
     *     released; the call then commits, releases this and sends the message after what was replayed (RT-4)
     */
    public boolean tryAdd(ByteBuf framed) {
        if (halfClosed) {
            throw new IllegalStateException("message " + size + " after the half-close");
        }
        int bytes = framed.readableBytes();
        if (released || bytes > maxBytes - heldBytes || !budget.tryReserve(bytes)) {
            return false;
        }
        heldBytes += bytes;
        if (size == messages.length) {
            // Most calls have one message; so the first array has one place.
            messages = Arrays.copyOf(messages, Math.max(1, 2 * size));
        }
        messages[size] = framed.retainedDuplicate();
        size++;
        return true;
    }

    /** As {@link #tryAdd(ByteBuf)}; behind the last message the requests have ended, whether it is kept or not. */
    public boolean tryAdd(ByteBuf framed, boolean isLast) {
        boolean kept = tryAdd(framed);
        halfClosed |= isLast;
        return kept;
    }

    /** There are no more messages. */
    public void halfClose() {
        halfClosed = true;
    }

    /** Whether {@link #halfClose} was called. */
    public boolean isHalfClosed() {
        return halfClosed;
    }

    /** How many messages it keeps. */
    public int size() {
        return size;
    }

    /** The bytes that it keeps, prefixes included. */
    public long heldBytes() {
        return heldBytes;
    }

    /** Whether {@link #release} was called. */
    public boolean isReleased() {
        return released;
    }

    /**
     * Message {@code index} for an attempt that goes at its own pace (HG-10), with indices of its own; the caller
     * releases it.
     *
     * @param index 0..size()-1
     */
    public ByteBuf retained(int index) {
        Objects.checkIndex(index, size);
        ByteBuf message = messages[index];
        assert message != null;
        return message.retainedDuplicate();
    }

    /**
     * A pipe that has each message, and the half-close if there was one.
     *
     * @param unkept a message behind those that are kept, which becomes the pipe's; null for none
     */
    public MessagePipe newPipe(@Nullable ByteBuf unkept) {
        MessagePipe pipe = new MessagePipe();
        for (int i = 0; i < size; i++) {
            pipe.offerHeld(retained(i));
        }
        if (unkept != null) {
            pipe.offerHeld(unkept);
        }
        if (halfClosed) {
            pipe.end();
        }
        return pipe;
    }

    /**
     * Hands a retained reference to each message to the target, in order, and then the half-close if there was one.
     * The target may add messages meanwhile, which it then gets too, or release this, which ends the replay.
     *
     * @throws IllegalStateException if it was released before: the messages are gone
     */
    public void replayInto(Target target) {
        if (released) {
            throw new IllegalStateException("replay after the release (expected: before the call has committed)");
        }
        for (int i = 0; i < size; i++) {
            target.onMessage(retained(i));
        }
        if (halfClosed && !released) {
            target.onHalfClose();
        }
    }

    /** Releases all that it keeps, and the channel's budget; only the first time (RT-5). */
    public void release() {
        released = true;
        int count = size;
        long bytes = heldBytes;
        @Nullable ByteBuf[] kept = messages;
        size = 0;
        heldBytes = 0;
        messages = EMPTY;
        for (int i = 0; i < count; i++) {
            ByteBuf message = kept[i];
            assert message != null;
            message.release();
        }
        if (bytes > 0) {
            budget.free(bytes);
        }
    }
}
