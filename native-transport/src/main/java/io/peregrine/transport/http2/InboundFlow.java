package io.peregrine.transport.http2;

import io.peregrine.allocation.ownership.EventLoopConfined;

/**
 * The windows that we grant the peer (RFC 9113 §6.9). The whole payload of a DATA frame counts, padding included.
 *
 * <p>Credit for the connection is returned on receipt, so that no stream can starve another, whether the frame's
 * stream is known or not (SPEC H2-7); a stream's credit as its bytes are consumed, which for a unary response is on
 * receipt too, since the message size limit bounds what it holds. Both are returned when a quarter of the window is
 * owed.
 */
@EventLoopConfined
final class InboundFlow {
    private static final int DEFAULT_WINDOW_BYTES = 65_535;

    private final FrameWriter writer;
    private final int streamWindowBytes;
    private final int connectionWindowBytes;
    private int connectionWindow;

    InboundFlow(FrameWriter writer, TransportOptions options) {
        this.writer = writer;
        this.streamWindowBytes = options.streamWindowBytes();
        this.connectionWindowBytes = options.connectionWindowBytes();
        this.connectionWindow = connectionWindowBytes;
    }

    /** Raises the connection's window from its default, right after the preface. */
    void open() {
        if (connectionWindowBytes > DEFAULT_WINDOW_BYTES) {
            writer.windowUpdate(0, connectionWindowBytes - DEFAULT_WINDOW_BYTES);
        }
    }

    void begin(TransportStream stream) {
        stream.receiveWindow = streamWindowBytes;
    }

    /** Counts a DATA frame against the connection; false if the peer exceeded its window. */
    boolean receiveOnConnection(int bytes) {
        if (bytes > connectionWindow) {
            return false;
        }
        connectionWindow -= bytes;
        int owed = connectionWindowBytes - connectionWindow;
        if (owed >= connectionWindowBytes >> 2) {
            writer.windowUpdate(0, owed);
            connectionWindow = connectionWindowBytes;
        }
        return true;
    }

    /** Counts a DATA frame against its stream; false if the peer exceeded its window. */
    boolean receiveOnStream(TransportStream stream, int bytes) {
        if (bytes > stream.receiveWindow) {
            return false;
        }
        stream.receiveWindow -= bytes;
        return true;
    }

    /** Returns a stream's credit, if enough is owed to be worth a frame. */
    void creditStream(TransportStream stream) {
        int owed = streamWindowBytes - stream.receiveWindow;
        if (owed >= streamWindowBytes >> 2) {
            writer.windowUpdate(stream.id, owed);
            stream.receiveWindow = streamWindowBytes;
        }
    }
}
