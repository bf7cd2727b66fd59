package io.peregrine.jmh.gate;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/** Figures and reasons in words. */
final class Text {
    private static final double PERCENT = 100;
    private static final double FOUR_DIGITS = 1000;

    private Text() {}

    /** A share as a percentage with one decimal: {@code 6.5 %}. */
    static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", share * PERCENT);
    }

    /** A share with its sign: {@code +6.5 %}. */
    static String change(double share) {
        return String.format(Locale.ROOT, "%+.1f %%", share * PERCENT);
    }

    /** Four significant digits at least; an exponent only below a ten-thousandth. */
    static String figure(double value) {
        return String.format(Locale.ROOT, value >= FOUR_DIGITS ? "%.1f" : "%.4g", value);
    }

    /** Why a file cannot be read, on one line. */
    static String reason(Exception e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        if (e instanceof AccessDeniedException) {
            return "access denied";
        }
        String message = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
        return String.valueOf(message).strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
