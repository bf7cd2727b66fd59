package io.peregrine.transport.http2;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Error;
import io.peregrine.allocation.DeframingException;
import io.peregrine.allocation.MessageDeframer;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.header.HeaderBlockEncoder;
import io.peregrine.transport.header.ResponseHeaders;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The way of every stream of a connection from its start to its one end: admitted under the peer's
 * MAX_CONCURRENT_STREAMS, opened, and ended by the peer, by this side or by the connection.
 *
 * <p>An end that the peer or the network made waits behind messages that the caller has not read yet; the stream has
 * left the wire by then. An end that this side made does not wait.
 *
 * <p>Invariants: each stream given to {@link #start} gets exactly one last callback; by then the connection holds
 * nothing of it any more, so that the callback may start another call.
 */
@EventLoopConfined
final class StreamLifecycle implements DeadlineWheel.Owner {
    /** What the streams need of their connection. */
    interface Connection {
        /** Whether new streams may open. */
        boolean mayOpenStreams();

        /** The ids are used up: no new streams after this one. */
        void onIdsUsedUp();

        /** The peer ended a response. */
        void onResponse();

        /** A stream has ended. */
        void onStreamEnded();

        /** A stream that was open has ended by its deadline. */
        void onOpenDeadline();

        /** Something was written outside a loop turn and wants a flush. */
        void flushSoon();

        /** An exception in this side's own code: what was written last may be half a frame. */
        void onFault(Throwable fault);
    }

    private final Connection connection;
    private final EventLoop eventLoop;
    private final PeerLabel peerLabel;
    private final PeerSettings peer;
    private final FrameWriter writer;
    private final OutboundFlow outbound;
    private final InboundFlow inbound;
    private final StreamTable table;
    private final StreamGauge gauge;
    private final TransportOptions options;
    private final HeaderBlockEncoder encoder = new HeaderBlockEncoder();

    /** Of the loop, once something was asked of it. */
    private @Nullable DeadlineWheel wheel;

    StreamLifecycle(
            Connection connection,
            EventLoop eventLoop,
            PeerLabel peerLabel,
            PeerSettings peer,
            FrameWriter writer,
            OutboundFlow outbound,
            InboundFlow inbound,
            StreamGauge gauge,
            TransportOptions options) {
        this.connection = connection;
        this.eventLoop = eventLoop;
        this.peerLabel = peerLabel;
        this.peer = peer;
        this.writer = writer;
        this.outbound = outbound;
        this.inbound = inbound;
        this.gauge = gauge;
        this.table = new StreamTable(options.maxWaitingStreams(), gauge);
        this.options = options;
    }

    StreamTable table() {
        return table;
    }

    // ---- The beginning ---------------------------------------------------------------------------------------

    void start(TransportStream stream) {
        stream.owner = this;
        if (!connection.mayOpenStreams()) {
            String message = "connection to " + peerLabel + " closed before the request was sent";
            stream.ended = true;
            MessagePipe pipe = stream.pipe();
            if (pipe != null) {
                pipe.close();
            }
            stream.onFailure(StreamFailure.of(StreamFailure.Kind.UNPROCESSED, message));
            return;
        }
        assert eventLoop.inEventLoop();
        try {
            admit(stream);
        } catch (RuntimeException | Error fault) {
            if (stream.state == StreamState.IDLE) {
                // Not in the table yet, so the connection's end would miss it.
                table.removeWaiting(stream);
                end(stream, faultOf(fault));
            }
            connection.onFault(fault);
        }
    }

    private void admit(TransportStream stream) {
        boolean hasDeadline = stream.deadlineNs() != TransportStream.NO_DEADLINE;
        if (hasDeadline) {
            if (stream.deadlineNs() - LoopClock.nanoTime(eventLoop) <= 0) {
                String message = "deadline exceeded before the request was sent to " + peerLabel;
                fail(stream, StreamFailure.Kind.DEADLINE_EXCEEDED, message);
                return;
            }
            wheel().schedule(stream);
        }
        long headerListBytes =
                HeaderBlockEncoder.listBytes(stream.requestHeaders(), hasDeadline, stream.requestFields());
        if (headerListBytes > peer.maxHeaderListBytes()) {
            String message = "request headers of " + headerListBytes + " bytes are over the limit of " + peerLabel
                    + ", " + peer.maxHeaderListBytes() + " bytes";
            fail(stream, StreamFailure.Kind.REQUEST_HEADERS_TOO_LARGE, message);
        } else if (table.openCount() < peer.maxConcurrentStreams() && !table.hasWaiting()) {
            open(stream);
        } else if (table.await(stream)) {
            stream.onWaitingForSlot();
        } else {
            String message = options.maxWaitingStreams() + " calls already wait for a stream of " + peerLabel
                    + " (MAX_CONCURRENT_STREAMS is " + peer.maxConcurrentStreams() + ')';
            fail(stream, StreamFailure.Kind.OVERLOADED, message);
        }
    }

    private void open(TransportStream stream) {
        table.open(stream);
        long deadlineNs = stream.deadlineNs();
        long timeoutNs =
                deadlineNs == TransportStream.NO_DEADLINE ? Long.MAX_VALUE : deadlineNs - LoopClock.nanoTime(eventLoop);
        writer.headers(stream, encoder, timeoutNs, peer.maxFrameBytes());
        inbound.begin(stream);
        MessagePipe pipe = stream.pipe();
        if (pipe != null) {
            pipe.onSignalTaken();
        }
        outbound.begin(stream);
        if (table.isRetirementDue()) {
            connection.onIdsUsedUp();
        }
    }

    /** The stream's pipe has news. */
    void onSignal(TransportStream stream) {
        MessagePipe pipe = stream.pipe();
        assert pipe != null;
        pipe.onSignalTaken();
        if (stream.owner == this && !stream.ended) {
            outbound.onMoreToSend(stream);
        }
    }

    /** Opens streams that wait, as far as there are slots. */
    void openWaiting() {
        while (table.hasWaiting() && connection.mayOpenStreams() && table.openCount() < peer.maxConcurrentStreams()) {
            TransportStream stream = table.pollWaiting();
            assert stream != null;
            stream.onSlot();
            open(stream);
        }
    }

    /** Ends up to so many of the streams that wait, those that may go elsewhere. */
    void giveBack(int most, String reason) {
        for (TransportStream stream : table.takeLeaving(most)) {
            fail(stream, StreamFailure.Kind.UNPROCESSED, reason);
        }
    }

    /** Applies the peer's new settings to what is open; false if a stream's window overflows (RFC 9113 §6.9.2). */
    boolean applySettings(int initialWindowDelta) {
        encoder.peerTableSize(peer.headerTableBytes());
        if (initialWindowDelta != 0) {
            for (TransportStream stream : table.openStreams()) {
                if (!outbound.replenish(stream, initialWindowDelta)) {
                    return false;
                }
            }
        }
        return true;
    }

    // ---- Ends from this side ---------------------------------------------------------------------------------

    void cancel(TransportStream stream) {
        abandon(stream, StreamFailure.Kind.CANCELLED, "cancelled");
    }

    @Override
    public void onDeadline(TransportStream stream) {
        boolean opened = stream.state != StreamState.IDLE;
        String waiting = opened ? " waiting for " : " while waiting for a stream slot of ";
        try {
            if (opened) {
                connection.onOpenDeadline();
            }
            abandon(stream, StreamFailure.Kind.DEADLINE_EXCEEDED, "deadline exceeded" + waiting + peerLabel);
            connection.flushSoon();
        } catch (RuntimeException | Error fault) {
            connection.onFault(fault);
        }
    }

    /** Nothing goes on the wire for a stream that was never opened (SPEC DL-6, H2-15), or has left it. */
    private void abandon(TransportStream stream, StreamFailure.Kind kind, String message) {
        if (stream.owner != this || stream.ended) {
            return;
        }
        if (stream.state == StreamState.IDLE) {
            table.removeWaiting(stream);
        } else {
            rstUnlessClosed(stream, Http2Error.CANCEL);
        }
        fail(stream, kind, message);
    }

    /** The connection closes at once: what was received and not read is not read any more. */
    void failUnread(StreamFailure failure) {
        for (TransportStream stream : table.takeUnread()) {
            end(stream, failure);
        }
        for (TransportStream stream : table.openStreams()) {
            dropUnread(stream);
        }
    }

    private void rstUnlessClosed(TransportStream stream, Http2Error code) {
        if (stream.state != StreamState.CLOSED) {
            writer.rstStream(stream.id, code);
            inbound.abandon(stream);
        }
    }

    // ---- Ends by the peer's faults ---------------------------------------------------------------------------

    /** The peer broke a rule of this stream: RST_STREAM and an end, and the connection goes on. */
    void reset(TransportStream stream, Http2Error code, String message) {
        refuse(stream, code);
        endBehindUnread(
                stream,
                StreamFailure.of(
                        StreamFailure.Kind.MALFORMED, message + " (" + peerLabel + ", stream " + stream.id + ')'));
    }

    /** The response's header list is over a limit of ours, in bytes or in fields (SPEC ST-11). */
    void resetTooLarge(TransportStream stream, String excess) {
        refuse(stream, Http2Error.CANCEL);
        String message = "response headers of " + peerLabel + " are over the limit: " + excess;
        endBehindUnread(stream, StreamFailure.of(StreamFailure.Kind.TOO_LARGE, message));
    }

    /** All messages before this one were read. */
    void onMalformedMessage(TransportStream stream, DeframingException malformed) {
        boolean tooLarge = malformed.kind() == DeframingException.Kind.MESSAGE_TOO_LARGE;
        rstUnlessClosed(stream, tooLarge ? Http2Error.CANCEL : Http2Error.INTERNAL_ERROR);
        fail(
                stream,
                tooLarge ? StreamFailure.Kind.TOO_LARGE : StreamFailure.Kind.MALFORMED,
                malformed.getMessage() + " (" + peerLabel + ')');
    }

    /** All that was received was read, and its end is within a message. */
    private void onTruncatedMessage(TransportStream stream) {
        rstUnlessClosed(stream, Http2Error.PROTOCOL_ERROR);
        fail(
                stream,
                StreamFailure.Kind.MALFORMED,
                "the server ended the response within a message (" + peerLabel + ", stream " + stream.id + ')');
    }

    private void refuse(TransportStream stream, Http2Error code) {
        writer.rstStreamReply(stream.id, code);
        inbound.abandon(stream);
    }

    // ---- Ends from the peer ----------------------------------------------------------------------------------

    /** END_STREAM. */
    void onResponseEnd(TransportStream stream, ResponseHeaders trailers, boolean trailersOnly) {
        boolean unread = hasUnread(stream);
        if (!unread && MessageDelivery.isMidMessage(stream)) {
            onTruncatedMessage(stream);
            return;
        }
        stream.state = stream.state.receiveEndStream();
        if (stream.state != StreamState.CLOSED) {
            // The answer came before the whole request went: the rest is of no use (SPEC CA-4).
            writer.rstStream(stream.id, Http2Error.NO_ERROR);
        }
        if (unread) {
            ResponseHeaders kept = trailers.lasting();
            leaveTheWire(stream, () -> endBehindMessages(stream, kept, trailersOnly));
        } else {
            endWithTrailers(stream, trailers, trailersOnly);
        }
    }

    /** A response that ended well may yet show to have ended within a message; a reset or a lost connection is what it is. */
    private void endBehindMessages(TransportStream stream, ResponseHeaders trailers, boolean trailersOnly) {
        if (MessageDelivery.isMidMessage(stream)) {
            onTruncatedMessage(stream);
        } else {
            endWithTrailers(stream, trailers, trailersOnly);
        }
    }

    private void endWithTrailers(TransportStream stream, ResponseHeaders trailers, boolean trailersOnly) {
        release(stream);
        connection.onResponse();
        stream.onTrailers(trailers, trailersOnly);
        afterEnd();
    }

    /** RST_STREAM. */
    void onPeerReset(TransportStream stream, long errorCode) {
        boolean refused = errorCode == Http2Error.REFUSED_STREAM.code();
        Http2Error known = Http2Error.valueOf(errorCode);
        String name = known == null ? "unknown error code " + errorCode : known.name();
        String message = peerLabel + " reset the stream: " + name;
        StreamFailure.Kind kind = refused ? StreamFailure.Kind.REFUSED : StreamFailure.Kind.RESET;
        endBehindUnread(stream, new StreamFailure(kind, errorCode, message, null));
    }

    // ---- Ends with the connection ----------------------------------------------------------------------------

    void failWaiting(StreamFailure failure) {
        for (TransportStream stream = table.pollWaiting(); stream != null; stream = table.pollWaiting()) {
            end(stream, failure);
        }
    }

    void failOpen(IntPredicate chosenIds, StreamFailure failure) {
        for (TransportStream stream : table.removeOpen(chosenIds)) {
            endBehindUnread(stream, failure);
        }
    }

    // ---- Ends that wait --------------------------------------------------------------------------------------

    private static boolean hasUnread(TransportStream stream) {
        UnreadMessages unread = stream.unread();
        return unread != null && !unread.isEmpty();
    }

    private void endBehindUnread(TransportStream stream, StreamFailure failure) {
        if (hasUnread(stream)) {
            leaveTheWire(stream, () -> end(stream, failure));
        } else {
            end(stream, failure);
        }
    }

    /** The stream is closed as far as HTTP/2 goes; its caller hears of it when all before it was read. */
    private void leaveTheWire(TransportStream stream, Runnable reportEnd) {
        UnreadMessages unread = stream.unread();
        assert unread != null;
        unread.endWith(reportEnd);
        stream.state = StreamState.CLOSED;
        table.moveToUnread(stream);
        outbound.end(stream);
        afterEnd();
    }

    private void dropUnread(TransportStream stream) {
        UnreadMessages unread = stream.unread();
        if (unread != null) {
            inbound.onUnreadDropped(unread.bytes());
            unread.close();
        }
    }

    // ---- The one end -----------------------------------------------------------------------------------------

    private void fail(TransportStream stream, StreamFailure.Kind kind, String message) {
        end(stream, StreamFailure.of(kind, message));
    }

    private void end(TransportStream stream, StreamFailure failure) {
        release(stream);
        try {
            stream.onFailure(failure);
        } catch (RuntimeException | Error fault) {
            // The streams behind this one want their end too.
            connection.onFault(fault);
        }
        afterEnd();
    }

    /** Drops all that the connection holds for a stream. Comes before its last callback, which may start another. */
    private void release(TransportStream stream) {
        stream.state = StreamState.CLOSED;
        stream.ended = true;
        table.remove(stream);
        outbound.end(stream);
        if (stream.timer != DeadlineWheel.NO_TIMER) {
            wheel().cancel(stream);
        }
        dropUnread(stream);
        MessageDeframer deframer = stream.deframer;
        if (deframer != null) {
            stream.deframer = null;
            deframer.close();
        }
    }

    private void afterEnd() {
        openWaiting();
        gauge.onSettled();
        connection.onStreamEnded();
    }

    private DeadlineWheel wheel() {
        DeadlineWheel known = wheel;
        if (known == null) {
            known = DeadlineWheel.of(eventLoop);
            wheel = known;
        }
        return known;
    }

    private static StreamFailure faultOf(Throwable fault) {
        return new StreamFailure(StreamFailure.Kind.INTERNAL, 0, "the client failed: " + fault, fault);
    }
}
