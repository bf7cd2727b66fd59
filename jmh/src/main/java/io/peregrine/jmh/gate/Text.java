package io.peregrine.jmh.gate;

import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/** Figures and reasons in words. */
final class Text {
    private static final double PERCENT = 100;

    private Text() {}

    /** A share as a percentage with one decimal: {@code 6.5 %}. */
    static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", share * PERCENT);
    }

    /** A share with its sign: {@code +6.5 %}. */
    static String change(double share) {
        return String.format(Locale.ROOT, "%+.1f %%", share * PERCENT);
    }

    /** Four significant digits at least, without an exponent for what benchmarks measure. */
    static String figure(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%.1f" : value >= 1 ? "%.3f" : "%.5f", value);
    }

    /** Why a file cannot be read, on one line. */
    static String reason(Exception e) {
        if (e instanceof NoSuchFileException) {
            return "no such file";
        }
        if (e instanceof AccessDeniedException) {
            return "access denied";
        }
        return String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
