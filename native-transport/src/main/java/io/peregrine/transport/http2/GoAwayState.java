package io.peregrine.transport.http2;

import static io.netty.handler.codec.http2.Http2Error.PROTOCOL_ERROR;
import static io.netty.handler.codec.http2.Http2Exception.connectionError;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What the peer has said of the connection's end (RFC 9113 §6.8). Confined to the connection's event loop. */
final class GoAwayState {
    private static final int SHOWN_DEBUG_BYTES = 256;

    /** The debug data by which servers refuse keepalive (gRFC A8). */
    private static final String TOO_MANY_PINGS = "too_many_pings";

    private final PeerLabel peer;
    private int lastStreamId = Integer.MAX_VALUE;
    private StreamFailure.@Nullable GoAway last;

    GoAwayState(PeerLabel peer) {
        this.peer = peer;
    }

    /**
     * Takes a frame, and returns the sentence that tells of it.
     *
     * @throws Http2Exception if its last stream is not the client's, or beyond that of the frame before
     */
    String receive(int newLastStreamId, long errorCode, ByteBuf debugData) throws Http2Exception {
        if (newLastStreamId > lastStreamId || (newLastStreamId != 0 && (newLastStreamId & 1) == 0)) {
            throw connectionError(PROTOCOL_ERROR, "GOAWAY with last stream %d after %d", newLastStreamId, lastStreamId);
        }
        lastStreamId = newLastStreamId;
        int shown = Math.min(debugData.readableBytes(), SHOWN_DEBUG_BYTES);
        String debug = debugData.toString(debugData.readerIndex(), shown, StandardCharsets.UTF_8);
        last = new StreamFailure.GoAway(errorCode, debug);
        Http2Error known = Http2Error.valueOf(errorCode);
        return peer + " sent GOAWAY " + (known == null ? "error " + errorCode : known.name())
                + (debug.isEmpty() ? "" : ": " + debug);
    }

    /** Whether the last one was about keepalive. */
    boolean isTooManyPings() {
        StreamFailure.GoAway said = last;
        return said != null
                && said.errorCode() == Http2Error.ENHANCE_YOUR_CALM.code()
                && said.debugData().equals(TOO_MANY_PINGS);
    }

    /** The last one; null if there was none. */
    StreamFailure.@Nullable GoAway last() {
        return last;
    }
}
