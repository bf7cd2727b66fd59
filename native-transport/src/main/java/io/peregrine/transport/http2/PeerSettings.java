package io.peregrine.transport.http2;

import io.netty.handler.codec.http2.Http2Settings;
import io.peregrine.allocation.ownership.EventLoopConfined;
import io.peregrine.transport.header.HeaderBlockEncoder;

/**
 * What the server allows us, from its SETTINGS (RFC 9113 §6.5.2). Netty's frame reader has checked the ranges.
 */
@EventLoopConfined
final class PeerSettings {
    private static final int DEFAULT_WINDOW_BYTES = 65_535;
    private static final int DEFAULT_FRAME_BYTES = 16_384;

    private int initialWindowBytes = DEFAULT_WINDOW_BYTES;
    private int maxFrameBytes = DEFAULT_FRAME_BYTES;
    private int maxConcurrentStreams = Integer.MAX_VALUE;
    private long maxHeaderListBytes = Long.MAX_VALUE;
    private long headerTableBytes = HeaderBlockEncoder.MAX_TABLE_BYTES;

    /** Takes over what {@code settings} names; what it does not name stays. */
    void apply(Http2Settings settings) {
        Integer window = settings.initialWindowSize();
        if (window != null) {
            initialWindowBytes = window;
        }
        Integer frame = settings.maxFrameSize();
        if (frame != null) {
            maxFrameBytes = frame;
        }
        Long streams = settings.maxConcurrentStreams();
        if (streams != null) {
            maxConcurrentStreams = (int) Math.min(streams, Integer.MAX_VALUE);
        }
        Long headerList = settings.maxHeaderListSize();
        if (headerList != null) {
            maxHeaderListBytes = headerList;
        }
        Long table = settings.headerTableSize();
        if (table != null) {
            headerTableBytes = table;
        }
    }

    int initialWindowBytes() {
        return initialWindowBytes;
    }

    int maxFrameBytes() {
        return maxFrameBytes;
    }

    int maxConcurrentStreams() {
        return maxConcurrentStreams;
    }

    long maxHeaderListBytes() {
        return maxHeaderListBytes;
    }

    long headerTableBytes() {
        return headerTableBytes;
    }
}
