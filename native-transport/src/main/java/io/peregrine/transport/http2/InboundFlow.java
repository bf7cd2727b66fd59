package io.peregrine.transport.http2;

import io.peregrine.allocation.ownership.EventLoopConfined;

/**
 * The windows that we grant the peer (RFC 9113 §6.9). The whole payload of a DATA frame counts, padding included.
 *
 * <p>Credit for the connection is returned on receipt, so that no stream can starve another, whether the frame's
 * stream is known or not (SPEC H2-7); a stream's credit as its bytes are read, which for a unary response is on
 * receipt too, since the message size limit bounds what it holds. Both are returned when a quarter of the window is
 * owed.
 *
 * <p>Streams whose callers do not read hold at most a window each, and together at most
 * {@link TransportOptions#maxUnreadBytes} and a window of the connection: what is unread beyond the limit is not
 * credited to the connection until it is read (HOSTILE.md P6). When the connection's window grows the limit falls by as
 * much, so that the sum stays what it was.
 */
@EventLoopConfined
final class InboundFlow {
    private static final int DEFAULT_WINDOW_BYTES = 65_535;

    private final FrameWriter writer;
    private int streamWindowBytes;
    private int connectionWindowBytes;
    private int maxUnreadBytes;
    private int connectionWindow;

    /** Received and not asked for, in all streams. */
    private long unreadBytes;

    private boolean closed;

    InboundFlow(FrameWriter writer, TransportOptions options) {
        this.writer = writer;
        this.streamWindowBytes = options.streamWindowBytes();
        this.connectionWindowBytes = options.connectionWindowBytes();
        this.maxUnreadBytes = options.maxUnreadBytes();
        this.connectionWindow = connectionWindowBytes;
    }

    /** Raises the connection's window from its default, right after the preface. */
    void open() {
        if (connectionWindowBytes > DEFAULT_WINDOW_BYTES) {
            writer.windowUpdate(0, connectionWindowBytes - DEFAULT_WINDOW_BYTES);
        }
    }

    /**
     * Raises the windows to what is given, as far as they are smaller and the bound on unread bytes allows.
     *
     * <p>The streams that are open have the larger window from now on, and not from the acknowledgement on. That is
     * right since frames arrive in order: the peer knows a stream by HEADERS before SETTINGS and adds the difference
     * (RFC 9113 §6.9.2), or by HEADERS after and starts with the new size. Until SETTINGS reach it, it believes in less
     * than is counted here; in more, never.
     */
    void grow(int streamBytes, int connectionBytes, Iterable<TransportStream> openStreams) {
        int streamGrowth = streamBytes - streamWindowBytes;
        if (streamGrowth > 0) {
            streamWindowBytes = streamBytes;
            writer.settings(0x4, streamBytes); // INITIAL_WINDOW_SIZE
            for (TransportStream stream : openStreams) {
                stream.receiveWindow += streamGrowth;
            }
        }
        int connectionGrowth = Math.min(connectionBytes - connectionWindowBytes, maxUnreadBytes);
        if (connectionGrowth > 0) {
            connectionWindowBytes += connectionGrowth;
            maxUnreadBytes -= connectionGrowth;
            creditConnection();
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
        creditConnection();
        return true;
    }

    /** The connection is closed: nothing is credited any more. */
    void close() {
        closed = true;
    }

    private void creditConnection() {
        if (closed) {
            return;
        }
        long withheld = Math.max(0, unreadBytes - maxUnreadBytes);
        long owed = connectionWindowBytes - connectionWindow - withheld;
        if (owed >= connectionWindowBytes >> 2) {
            writer.windowUpdate(0, (int) owed);
            connectionWindow += (int) owed;
        }
    }

    /** Counts a DATA frame against its stream; false if the peer exceeded its window. */
    boolean receiveOnStream(TransportStream stream, int bytes) {
        if (bytes > stream.receiveWindow) {
            return false;
        }
        stream.receiveWindow -= bytes;
        return true;
    }

    /** Bytes of the stream were read, or are of no interest, as padding: they will be credited. */
    void onRead(TransportStream stream, int bytes) {
        UnreadMessages unread = stream.unread();
        if (unread != null) {
            unread.creditOwed += bytes;
        }
    }

    /** Bytes of the stream wait to be read. */
    void onUnread(int bytes) {
        unreadBytes += bytes;
    }

    /** Bytes of the stream that waited were read. */
    void onUnreadTaken(UnreadMessages unread, int bytes) {
        unread.creditOwed += bytes;
        onUnreadDropped(bytes);
    }

    /** Bytes that waited will not be read: their stream is over. */
    void onUnreadDropped(int bytes) {
        unreadBytes -= bytes;
        assert unreadBytes >= 0 : "unread: " + unreadBytes + " bytes (expected: 0 or more)";
        creditConnection();
    }

    /** Returns a stream's credit, if enough is owed to be worth a frame. */
    void creditStream(TransportStream stream) {
        UnreadMessages unread = stream.unread();
        int owed = unread == null ? streamWindowBytes - stream.receiveWindow : unread.creditOwed;
        if (owed >= streamWindowBytes >> 2) {
            writer.windowUpdate(stream.id, owed);
            stream.receiveWindow += owed;
            if (unread != null) {
                unread.creditOwed = 0;
            }
        }
    }
}
