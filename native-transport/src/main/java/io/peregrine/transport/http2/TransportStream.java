package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.allocation.MessageDeframer;
import io.peregrine.transport.header.HeaderFields;
import io.peregrine.transport.header.RequestHeaders;
import io.peregrine.transport.header.ResponseHeaders;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response, as the transport sees them: what is sent, and who is told what arrives. The layer
 * above extends it, so that a call has no second object here.
 *
 * <p>A stream is handed to {@link ClientTransport#start} once, unless it ended well and was prepared again. If the transport accepts it, exactly one of
 * {@link #onTrailers} and {@link #onFailure} is called, on the transport's event loop, and the transport keeps no
 * reference to the stream or to its {@linkplain #request() request} afterwards. All callbacks run on that event
 * loop, in the order of the wire, and must not block.
 *
 * <p>The request buffer belongs to the caller throughout: the transport reads it and never releases it. Messages in a
 * {@link MessagePipe} are the transport's.
 *
 * <p>With a pipe the end may come late: an end that the peer or the network made waits behind the messages that were
 * received before it and not yet asked for. A cancellation, a deadline and {@link ClientTransport#shutdownNow} end the
 * stream at once, and drop them.
 */
public abstract class TransportStream {
    /** The deadline of a stream that has none. */
    public static final long NO_DEADLINE = Long.MAX_VALUE;

    // What is sent: set before the stream is started.
    private @Nullable RequestHeaders requestHeaders;
    private @Nullable HeaderFields requestFields;
    private long deadlineNs = NO_DEADLINE;
    private int maxInboundMessageBytes;
    private final @Nullable MessagePipe pipe;

    // Owned by the connection that accepted the stream, on its event loop.
    int id;
    StreamState state = StreamState.IDLE;
    int sendWindow;
    int receiveWindow;

    /** Whether it has had its last callback. Its {@link #state} may be CLOSED before, while messages are unread. */
    boolean ended;

    boolean headersReceived;
    boolean foreignBody;
    boolean queuedToSend;
    int timer = DeadlineWheel.NO_TIMER;

    /** The neighbours in the wheel's list; null at its ends and outside of one. */
    @Nullable
    TransportStream nextTimer;

    @Nullable
    TransportStream previousTimer;

    /** Whoever took the stream over from {@link ClientTransport#start}. */
    DeadlineWheel.@Nullable Owner owner;

    @Nullable
    TransportStream nextToSend;

    @Nullable
    TransportStream previousToSend;

    @Nullable
    MessageDeframer deframer;

    /** The message that is being sent, from {@link #sendIndex} on; if the stream has a pipe, owned, or empty. */
    ByteBuf request = Unpooled.EMPTY_BUFFER;

    int sendIndex;

    /**
     * A stream that sends what goes into {@code pipe}, and takes as many messages as are asked for there; or, without
     * one, sends one message and takes whatever comes.
     */
    protected TransportStream(@Nullable MessagePipe pipe) {
        this.pipe = pipe;
    }

    /**
     * Says what the stream sends. Before {@link ClientTransport#start}: of a new stream, or of one that has ended and
     * was {@linkplain #forgetStream forgotten}.
     *
     * @param newRequest the framed request message (length prefix included), at least one byte; empty if there is a
     *     pipe
     * @param newDeadlineNs the deadline on the clock of {@link System#nanoTime()}, or {@link #NO_DEADLINE}
     * @param newMaxInboundMessageBytes the largest response message that is accepted, in bytes
     */
    protected final void prepare(
            RequestHeaders headers, ByteBuf newRequest, long newDeadlineNs, int newMaxInboundMessageBytes) {
        assert owner == null && state == StreamState.IDLE : "a stream that was started";
        requestHeaders = headers;
        request = newRequest;
        sendIndex = newRequest.readerIndex();
        deadlineNs = newDeadlineNs;
        maxInboundMessageBytes = newMaxInboundMessageBytes;
    }

    /**
     * Makes a stream without a pipe, which has ended by {@link #onTrailers}, one that can be prepared and started
     * again, on any connection. From within that callback or after it: the transport does not touch it any more.
     */
    protected final void forgetStream() {
        assert ended && pipe == null && timer == DeadlineWheel.NO_TIMER && !queuedToSend && deframer == null;
        requestHeaders = null;
        requestFields = null;
        request = Unpooled.EMPTY_BUFFER;
        id = 0;
        state = StreamState.IDLE;
        ended = false;
        headersReceived = false;
        foreignBody = false;
        owner = null;
    }

    /**
     * The response headers arrived, with at least the field {@code :status}; 1xx responses are not reported.
     *
     * @return true if the body is gRPC messages, to be given to {@link #onMessage}; false if it is foreign, to be
     *     given to {@link #onForeignBody} as it is
     */
    protected abstract boolean onHeaders(ResponseHeaders headers);

    /**
     * A whole message arrived.
     *
     * @param message its bytes, borrowed: valid only during the call
     * @param compressed gRPC's compressed flag
     */
    protected abstract void onMessage(ByteBuf message, boolean compressed);

    /** Part of a body that is not gRPC messages arrived; {@code data} is borrowed. */
    protected abstract void onForeignBody(ByteBuf data);

    /**
     * The peer ended the response; the stream is over.
     *
     * @param trailers the last header block, which is also the first in a Trailers-Only response; empty if the peer
     *     ended the stream with DATA
     * @param trailersOnly whether {@link #onHeaders} was not called because there was only this block
     */
    protected abstract void onTrailers(ResponseHeaders trailers, boolean trailersOnly);

    /** The stream ended in any other way; it is over. */
    protected abstract void onFailure(StreamFailure failure);

    final RequestHeaders requestHeaders() {
        RequestHeaders known = requestHeaders;
        assert known != null : "a stream that was not prepared";
        return known;
    }

    final @Nullable HeaderFields requestFields() {
        return requestFields;
    }

    /** Replaces the headers that the stream was prepared with; before it is started. */
    protected final void requestHeaders(RequestHeaders newHeaders) {
        requestHeaders = newHeaders;
    }

    /** Replaces the caller's own header fields; before the stream is started. */
    protected final void requestFields(@Nullable HeaderFields newFields) {
        requestFields = newFields;
    }

    /** The peer's MAX_CONCURRENT_STREAMS makes the stream wait. */
    protected void onWaitingForSlot() {}

    /** A stream that had to wait goes on the wire now. */
    protected void onSlot() {}

    /**
     * Whether a stream that waits for a slot may be {@linkplain StreamCapacity#giveBack given back}; true promises that
     * its end as {@link StreamFailure.Kind#UNPROCESSED}, which follows at once, costs the caller nothing.
     */
    protected boolean tryLeave() {
        return true;
    }

    /** The {@linkplain MessagePipe pipe} has room again after it was full. Not called for streams without one. */
    protected void onWritable() {}

    /** The messages to send and the demand for more, or null if the stream sends one message and takes all. */
    protected final @Nullable MessagePipe pipe() {
        return pipe;
    }

    /** What was received and not asked for; null if the stream takes whatever comes. */
    final @Nullable UnreadMessages unread() {
        return pipe == null ? null : pipe.unread();
    }

    /** The framed request message, as given by the caller. Without meaning if there is a pipe. */
    protected final ByteBuf request() {
        return request;
    }

    /** Bytes of the current message that are not yet written. */
    final int unsentBytes() {
        return request.writerIndex() - sendIndex;
    }

    /** Whether the server has begun its response, 1xx aside. */
    protected final boolean hasResponse() {
        return headersReceived;
    }

    /** The deadline on the clock of {@link System#nanoTime()}, or {@link #NO_DEADLINE}. */
    protected final long deadlineNs() {
        return deadlineNs;
    }

    final int maxInboundMessageBytes() {
        return maxInboundMessageBytes;
    }
}
