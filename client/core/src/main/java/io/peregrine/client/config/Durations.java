package io.peregrine.client.config;

import io.peregrine.client.StatusCode;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/** The checks that the policies share. */
final class Durations {
    private Durations() {}

    static long requirePositiveNs(String what, Duration duration) {
        if (duration.isZero() || duration.isNegative()) {
            throw new IllegalArgumentException(what + ": " + duration + " (expected: a positive duration)");
        }
        return saturatedNs(duration);
    }

    static long requireNotNegativeNs(String what, Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException(what + ": " + duration + " (expected: zero or a positive duration)");
        }
        return saturatedNs(duration);
    }

    static Set<StatusCode> requireFailures(String what, StatusCode... codes) {
        Set<StatusCode> set = EnumSet.noneOf(StatusCode.class);
        for (StatusCode code : codes) {
            if (code == StatusCode.OK) {
                throw new IllegalArgumentException(what + " status codes: OK (expected: codes of failures)");
            }
            set.add(code);
        }
        return set;
    }

    private static long saturatedNs(Duration duration) {
        try {
            return duration.toNanos();
        } catch (ArithmeticException beyondRange) {
            return Long.MAX_VALUE;
        }
    }
}
