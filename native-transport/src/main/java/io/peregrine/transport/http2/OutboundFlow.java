package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.peregrine.allocation.ownership.EventLoopConfined;
import org.jspecify.annotations.Nullable;

/**
 * Sends the requests' DATA within the peer's windows (RFC 9113 §6.9), fairly: streams with something to send and
 * window to send it take turns of one frame of at most 16 KiB (SPEC H2-9), in an intrusive queue.
 *
 * <p>Invariants: a queued stream is open and has unsent bytes; no stream is queued twice; no window is exceeded. A stream's
 * window may be below zero after the peer lowered its initial window; it sends nothing until it rises (§6.9.2).
 */
@EventLoopConfined
final class OutboundFlow {
    private static final int QUANTUM_BYTES = 16 << 10;
    private static final int INITIAL_CONNECTION_WINDOW = 65_535;

    private final Channel channel;
    private final EventLoop eventLoop;
    private final FrameWriter writer;
    private final PeerSettings peer;
    private int connectionWindow = INITIAL_CONNECTION_WINDOW;
    private @Nullable TransportStream first;
    private @Nullable TransportStream last;

    OutboundFlow(Channel channel, EventLoop eventLoop, FrameWriter writer, PeerSettings peer) {
        this.channel = channel;
        this.eventLoop = eventLoop;
        this.writer = writer;
        this.peer = peer;
    }

    /** Sends as much of a new stream's request as may go now. Its HEADERS have been written. */
    void begin(TransportStream stream) {
        assert eventLoop.inEventLoop();
        stream.sendWindow = peer.initialWindowBytes();
        if (stream.pipe() != null) {
            onMoreToSend(stream);
            return;
        }
        if (first == null && channel.isWritable()) {
            sendFrame(stream);
        }
        enqueueIfSendable(stream);
    }

    /** An open stream's pipe has more to send, or its end; it is sent in the stream's turn. */
    void onMoreToSend(TransportStream stream) {
        assert eventLoop.inEventLoop();
        MessagePipe pipe = stream.pipe();
        if (pipe == null || !stream.state.isSending()) {
            return;
        }
        if (stream.unsentBytes() == 0) {
            takeNext(stream, pipe);
        }
        enqueueIfSendable(stream);
    }

    /** Sends what windows and socket allow, stream by stream. */
    void drain() {
        assert eventLoop.inEventLoop();
        while (first != null && connectionWindow > 0 && channel.isWritable()) {
            TransportStream stream = dequeue();
            sendFrame(stream);
            enqueueIfSendable(stream);
        }
    }

    /** Adds to the connection's window; false if the peer overflowed it (§6.9.1). */
    boolean replenishConnection(int increment) {
        long grown = (long) connectionWindow + increment;
        if (grown > Integer.MAX_VALUE) {
            return false;
        }
        connectionWindow = (int) grown;
        return true;
    }

    /** Adds {@code increment}, which may be negative, to a stream's window; false on overflow (§6.9.1, §6.9.2). */
    boolean replenish(TransportStream stream, int increment) {
        long grown = (long) stream.sendWindow + increment;
        if (grown > Integer.MAX_VALUE) {
            return false;
        }
        stream.sendWindow = (int) grown;
        enqueueIfSendable(stream);
        return true;
    }

    private void sendFrame(TransportStream stream) {
        int allowed =
                Math.min(Math.min(stream.sendWindow, connectionWindow), Math.min(peer.maxFrameBytes(), QUANTUM_BYTES));
        if (allowed <= 0 || !stream.state.isSending()) {
            return;
        }
        MessagePipe pipe = stream.pipe();
        int unsent = stream.unsentBytes();
        int length = Math.min(unsent, allowed);
        boolean whole = length == unsent;
        boolean end = whole && (pipe == null || pipe.isDrained());
        int index = stream.sendIndex;
        // Before the write, which may run into a full socket and back into this class.
        stream.sendIndex += length;
        stream.sendWindow -= length;
        connectionWindow -= length;
        if (end) {
            stream.state = stream.state.sendEndStream();
        }
        writer.data(stream.id, stream.request, index, length, end);
        if (pipe != null) {
            onWritten(stream, pipe, length, whole);
        }
    }

    private void onWritten(TransportStream stream, MessagePipe pipe, int length, boolean whole) {
        if (whole) {
            releaseMessage(stream);
            if (stream.state.isSending()) {
                takeNext(stream, pipe);
            }
        }
        if (pipe.onWritten(length)) {
            stream.onWritable();
        }
    }

    /** Takes the next message from the pipe, or ends the request if that is what is left: an end needs no window. */
    private void takeNext(TransportStream stream, MessagePipe pipe) {
        ByteBuf next = pipe.poll();
        if (next != null) {
            stream.request = next;
            stream.sendIndex = next.readerIndex();
        } else if (pipe.isDrained()) {
            stream.state = stream.state.sendEndStream();
            writer.data(stream.id, Unpooled.EMPTY_BUFFER, 0, 0, true);
        }
    }

    private void enqueueIfSendable(TransportStream stream) {
        if (stream.queuedToSend || stream.sendWindow <= 0 || !stream.state.isSending() || stream.unsentBytes() == 0) {
            return;
        }
        stream.queuedToSend = true;
        stream.previousToSend = last;
        if (last == null) {
            first = stream;
        } else {
            last.nextToSend = stream;
        }
        last = stream;
    }

    private TransportStream dequeue() {
        TransportStream stream = first;
        assert stream != null;
        remove(stream);
        return stream;
    }

    /** Takes a stream out of the queue, if it is in it. */
    private void remove(TransportStream stream) {
        assert eventLoop.inEventLoop();
        if (!stream.queuedToSend) {
            return;
        }
        TransportStream previous = stream.previousToSend;
        TransportStream next = stream.nextToSend;
        if (previous == null) {
            first = next;
        } else {
            previous.nextToSend = next;
        }
        if (next == null) {
            last = previous;
        } else {
            next.previousToSend = previous;
        }
        stream.previousToSend = null;
        stream.nextToSend = null;
        stream.queuedToSend = false;
    }

    /** The stream is over: it leaves the queue, and what its pipe still holds is dropped. */
    void end(TransportStream stream) {
        remove(stream);
        MessagePipe pipe = stream.pipe();
        if (pipe != null) {
            pipe.close();
            releaseMessage(stream);
        }
    }

    private static void releaseMessage(TransportStream stream) {
        ByteBuf message = stream.request;
        stream.request = Unpooled.EMPTY_BUFFER;
        stream.sendIndex = 0;
        message.release();
    }
}
