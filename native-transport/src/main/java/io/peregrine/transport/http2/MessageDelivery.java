package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.peregrine.allocation.DeframingException;
import io.peregrine.allocation.MessageDeframer;
import io.peregrine.allocation.ownership.EventLoopConfined;
import org.jspecify.annotations.Nullable;

/**
 * From the DATA of a stream to its messages. A stream without a pipe gets each at once; one with a pipe gets as many
 * as it has asked for, and what is left waits as octets, uncredited, so that the stream's window bounds it.
 *
 * <p>Octets count as read when they go into a message that is wanted, whole or not: a message larger than the
 * stream's window therefore gets through it (SPEC H2-7), and the limit for messages bounds what it holds.
 */
@EventLoopConfined
final class MessageDelivery implements MessageDeframer.Sink {
    private final Http2ClientConnection connection;
    private final StreamLifecycle streams;
    private final InboundFlow inbound;
    private final ByteBufAllocator allocator;

    /** The stream whose octets are being deframed. */
    private @Nullable TransportStream current;

    MessageDelivery(
            Http2ClientConnection connection,
            StreamLifecycle streams,
            InboundFlow inbound,
            ByteBufAllocator allocator) {
        this.connection = connection;
        this.streams = streams;
        this.inbound = inbound;
        this.allocator = allocator;
    }

    /** The payload of a DATA frame arrived. */
    void onData(TransportStream stream, ByteBuf data) {
        MessagePipe pipe = stream.pipe();
        if (pipe == null) {
            deframe(stream, data);
            return;
        }
        UnreadMessages unread = pipe.unread();
        if (unread.isEmpty()) {
            takeDemand(pipe, unread);
            deliverAtOnce(stream, unread, data);
            keep(stream, unread, data);
        } else {
            keep(stream, unread, data);
            onDemand(stream);
        }
    }

    /** What is wanted is read from the frame it came in. */
    private void deliverAtOnce(TransportStream stream, UnreadMessages unread, ByteBuf data) {
        int bytes = data.readableBytes();
        current = stream;
        try {
            boolean more = data.isReadable();
            while (more && unread.isWanted()) {
                more = deframeOne(stream, data);
            }
        } catch (DeframingException malformed) {
            streams.onMalformedMessage(stream, malformed);
        } finally {
            current = null;
            inbound.onRead(stream, bytes - data.readableBytes());
        }
    }

    private void keep(TransportStream stream, UnreadMessages unread, ByteBuf data) {
        if (data.isReadable() && !stream.ended) {
            inbound.onUnread(data.readableBytes());
            unread.add(data, allocator);
        }
    }

    /** The caller asked for more. */
    void onDemand(TransportStream stream) {
        MessagePipe pipe = stream.pipe();
        if (pipe == null) {
            return;
        }
        UnreadMessages unread = pipe.unread();
        takeDemand(pipe, unread);
        if (unread.isWanted() && !unread.isEmpty()) {
            deliver(stream, unread);
        }
    }

    private static void takeDemand(MessagePipe pipe, UnreadMessages unread) {
        int demand = pipe.takeDemand();
        if (demand > 0) {
            unread.addDemand(demand);
        }
    }

    /** Whether what was received so far ends within a message. */
    static boolean isMidMessage(TransportStream stream) {
        MessageDeframer deframer = stream.deframer;
        return deframer != null && deframer.isMidMessage();
    }

    private void deframe(TransportStream stream, ByteBuf data) {
        current = stream;
        try {
            boolean more = true;
            while (more && data.isReadable()) {
                more = deframeOne(stream, data);
            }
        } catch (DeframingException malformed) {
            streams.onMalformedMessage(stream, malformed);
        } finally {
            current = null;
        }
    }

    private void deliver(TransportStream stream, UnreadMessages unread) {
        if (current != null) {
            // Within a callback: of this stream, whose delivery goes on below, or of another.
            if (current != stream) {
                connection.signalLater(stream);
            }
            return;
        }
        current = stream;
        try {
            deliverWanted(stream, unread);
        } catch (DeframingException malformed) {
            streams.onMalformedMessage(stream, malformed);
        } finally {
            current = null;
        }
        if (stream.state != StreamState.CLOSED) {
            inbound.creditStream(stream);
        }
        endIfDue(stream, unread);
    }

    private void deliverWanted(TransportStream stream, UnreadMessages unread) {
        while (unread.isWanted()) {
            ByteBuf piece = unread.take();
            if (piece == null) {
                return;
            }
            int bytes = piece.readableBytes();
            try {
                boolean more = true;
                while (more && unread.isWanted()) {
                    more = deframeOne(stream, piece);
                }
            } finally {
                inbound.onUnreadTaken(unread, bytes - unread.putBack(piece));
            }
        }
    }

    private void endIfDue(TransportStream stream, UnreadMessages unread) {
        Runnable end = unread.dueEnd();
        if (end != null && !stream.ended) {
            end.run();
        }
    }

    /** False if no message is left in the data, or the stream takes no more. A deframer is for what spans frames. */
    private boolean deframeOne(TransportStream stream, ByteBuf data) {
        if (stream.ended) {
            return false;
        }
        MessageDeframer deframer = stream.deframer;
        if (deframer == null) {
            if (MessageDeframer.tryDeframeWhole(data, stream.maxInboundMessageBytes(), this)) {
                return true;
            }
            deframer = new MessageDeframer(allocator, stream.maxInboundMessageBytes());
            stream.deframer = deframer;
        }
        return deframer.deframeOne(data, this);
    }

    @Override
    public void onMessage(ByteBuf message, boolean compressed) {
        TransportStream stream = current;
        assert stream != null;
        UnreadMessages unread = stream.unread();
        if (unread != null) {
            unread.onDelivered();
        }
        stream.onMessage(message, compressed);
    }
}
