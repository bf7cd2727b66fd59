package io.peregrine.transport.http2;

import java.time.Duration;

/**
 * The settings of a connection. Immutable.
 *
 * @param streamWindowBytes receive window of a stream, SETTINGS_INITIAL_WINDOW_SIZE; 65 535..2^31-1, default 1 MiB.
 *     Raise it for large responses over long round trips.
 * @param connectionWindowBytes receive window of the connection; 65 535..2^31-1, default 4 MiB
 * @param maxHeaderListBytes largest response header list, SETTINGS_MAX_HEADER_LIST_SIZE; 1 024..16 MiB, default 8 KiB
 *     (SPEC H2-6)
 * @param maxWaitingStreams streams that may wait for MAX_CONCURRENT_STREAMS to allow them; at least 1, default 10 000
 * @param maxQueuedCommands starts and cancels on their way to the event loop; 64..2^30, default 65 536
 * @param connectTimeout for TCP, TLS and the server's SETTINGS together; positive, default 20 s (SPEC D4)
 */
public record TransportOptions(
        int streamWindowBytes,
        int connectionWindowBytes,
        int maxHeaderListBytes,
        int maxWaitingStreams,
        int maxQueuedCommands,
        Duration connectTimeout) {

    private static final int MIN_WINDOW_BYTES = 65_535;

    /** Checks every setting; see the class for the ranges. */
    public TransportOptions {
        requireRange("stream window", streamWindowBytes, MIN_WINDOW_BYTES, Integer.MAX_VALUE);
        requireRange("connection window", connectionWindowBytes, MIN_WINDOW_BYTES, Integer.MAX_VALUE);
        requireRange("max header list", maxHeaderListBytes, 1024, 16 << 20);
        requireRange("max waiting streams", maxWaitingStreams, 1, Integer.MAX_VALUE);
        requireRange("max queued commands", maxQueuedCommands, 64, 1 << 30);
        if (connectTimeout.isNegative() || connectTimeout.isZero()) {
            throw new IllegalArgumentException("connect timeout: " + connectTimeout + " (expected: positive)");
        }
    }

    /** The defaults. */
    public static TransportOptions defaults() {
        return new TransportOptions(1 << 20, 4 << 20, 8 << 10, 10_000, 1 << 16, Duration.ofSeconds(20));
    }

    /** These options with other receive windows, in bytes. */
    public TransportOptions withWindows(int streamBytes, int connectionBytes) {
        return new TransportOptions(
                streamBytes, connectionBytes, maxHeaderListBytes, maxWaitingStreams, maxQueuedCommands, connectTimeout);
    }

    /** These options with another limit for response header lists, in bytes. */
    public TransportOptions withMaxHeaderListBytes(int bytes) {
        return new TransportOptions(
                streamWindowBytes, connectionWindowBytes, bytes, maxWaitingStreams, maxQueuedCommands, connectTimeout);
    }

    /** These options with other bounds for the queues. */
    public TransportOptions withQueueBounds(int waitingStreams, int queuedCommands) {
        return new TransportOptions(
                streamWindowBytes,
                connectionWindowBytes,
                maxHeaderListBytes,
                waitingStreams,
                queuedCommands,
                connectTimeout);
    }

    /** These options with another time limit for coming up. */
    public TransportOptions withConnectTimeout(Duration timeout) {
        return new TransportOptions(
                streamWindowBytes,
                connectionWindowBytes,
                maxHeaderListBytes,
                maxWaitingStreams,
                maxQueuedCommands,
                timeout);
    }

    private static void requireRange(String what, int value, int lowest, int highest) {
        if (value < lowest || value > highest) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: " + lowest + ".." + highest + ')');
        }
    }
}
