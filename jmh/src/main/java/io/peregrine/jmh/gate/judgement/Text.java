package io.peregrine.jmh.gate.judgement;

import java.util.Locale;

/** Figures in words. */
public final class Text {
    private static final double PERCENT = 100;
    private static final double FOUR_DIGITS = 1000;

    private Text() {}

    /** A share as a percentage with one decimal: {@code 6.5 %}. */
    public static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", share * PERCENT);
    }

    /** A share with its sign: {@code +6.5 %}. */
    public static String change(double share) {
        return String.format(Locale.ROOT, "%+.1f %%", share * PERCENT);
    }

    /** Four significant digits at least; an exponent only below a ten-thousandth. */
    public static String figure(double value) {
        return String.format(Locale.ROOT, value >= FOUR_DIGITS ? "%.1f" : "%.4g", value);
    }
}
