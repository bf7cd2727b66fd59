package io.peregrine.client.report;

import java.time.Duration;
import java.util.Locale;

/** How reports show time. */
final class Durations {
    private Durations() {}

    static String inMillis(Duration duration) {
        return String.format(Locale.ROOT, "%.3f ms", duration.toNanos() / 1e6);
    }
}
