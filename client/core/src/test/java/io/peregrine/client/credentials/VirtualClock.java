package io.peregrine.client.credentials;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A wall clock that only the test moves. */
final class VirtualClock implements InstantSource {
    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private volatile Instant now = START;

    void advance(Duration duration) {
        now = now.plus(duration);
    }

    @Override
    public Instant instant() {
        return now;
    }

    @Override
    public long millis() {
        return now.toEpochMilli();
    }
}
