package io.peregrine.client.report;

import java.time.Duration;

/**
 * Something that an attempt waited for.
 *
 * @param reason what it was
 * @param duration how long it waited
 */
public record Wait(Reason reason, Duration duration) {
    /** What an attempt may wait for, in the order of its way. */
    public enum Reason {
        /** The resolver's first answer. */
        RESOLVER("the resolver"),
        /** A connection: the picker had none to give. */
        PICKER("a connection"),
        /** The call credentials. */
        CREDENTIALS("credentials"),
        /** A free stream of a connection at its peer's MAX_CONCURRENT_STREAMS. */
        STREAM_SLOT("a stream slot"),
        /** The server's response headers. */
        FIRST_BYTE("the response");

        private final String words;

        Reason(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    @Override
    public String toString() {
        return Durations.inMillis(duration) + " for " + reason;
    }
}
