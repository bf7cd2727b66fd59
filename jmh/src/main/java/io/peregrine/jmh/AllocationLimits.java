package io.peregrine.jmh;

import java.io.IOException;
import java.io.Reader;
import java.util.Locale;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** How many heap bytes a call may cost, by the name of the case; and what a measurement means beside that. */
final class AllocationLimits {
    /** So far below its limit a case no longer notices a new object on the call's path. */
    private static final double LOOSE_RATIO = 0.9;

    private static final double LOOSE_BYTES = 16;

    private final Properties limits;

    private AllocationLimits(Properties limits) {
        this.limits = limits;
    }

    /** What a measurement means. */
    enum Outcome {
        /** As it was. */
        WITHIN,
        /** The call costs less than it used to: the limit may be lowered. */
        LOOSE,
        /** The call costs more: the build fails. */
        EXCEEDED
    }

    /** A measurement beside its limit, in bytes per call. */
    record Verdict(String name, double measured, double limit, Outcome outcome) {
        @Override
        public String toString() {
            String line = String.format(Locale.ROOT, "%-26s %8.1f B/call  (limit %.1f)", name, measured, limit);
            return switch (outcome) {
                case WITHIN -> line + "  ok";
                case LOOSE -> line + "  ok; lower the limit to " + Math.round(Math.ceil(measured + 1));
                case EXCEEDED -> line + "  EXCEEDED";
            };
        }
    }

    /** Reads {@code name = bytes per call} lines. */
    static AllocationLimits read(Reader file) throws IOException {
        Properties limits = new Properties();
        limits.load(file);
        return new AllocationLimits(limits);
    }

    /**
     * Compares.
     *
     * @throws IllegalArgumentException if the case has no limit, or one that is no positive number
     */
    Verdict judge(String name, double measured) {
        double limit = limit(name);
        Outcome outcome = Outcome.WITHIN;
        if (!(measured <= limit)) {
            outcome = Outcome.EXCEEDED;
        } else if (measured < limit * LOOSE_RATIO - LOOSE_BYTES) {
            outcome = Outcome.LOOSE;
        }
        return new Verdict(name, measured, limit, outcome);
    }

    /**
     * The limit of a case, in bytes per call.
     *
     * @throws IllegalArgumentException if the case has no limit, or one that is no positive number
     */
    double limit(String name) {
        String text = limits.getProperty(name);
        double limit = Double.NaN;
        if (text != null) {
            try {
                limit = Double.parseDouble(text);
            } catch (NumberFormatException notANumber) {
                throw refused(name, text, notANumber);
            }
        }
        if (!(limit > 0)) {
            throw refused(name, text, null);
        }
        return limit;
    }

    private static IllegalArgumentException refused(String name, @Nullable String text, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                "limit of " + name + ": " + text + " (expected: bytes per call, above 0)", cause);
    }
}
