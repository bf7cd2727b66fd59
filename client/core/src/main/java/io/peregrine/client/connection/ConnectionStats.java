package io.peregrine.client.connection;

import java.time.Duration;

/**
 * One connection at a moment.
 *
 * @param state what it is there for
 * @param age since its attempt began
 * @param openStreams how many calls it carries
 * @param waitingStreams how many calls wait until the server allows it one more stream
 * @param maxStreams how many the server allows; {@code Integer.MAX_VALUE} if it named no number
 */
public record ConnectionStats(State state, Duration age, int openStreams, int waitingStreams, int maxStreams) {
    /** What a connection is there for. */
    public enum State {
        /** TCP, TLS and the server's SETTINGS are under way. */
        CONNECTING,
        /** It takes calls. */
        READY,
        /** It is ready, and takes calls when another one is lost. */
        STANDBY,
        /** It takes no more calls, and finishes those that it has. */
        DRAINING
    }
}
