package io.peregrine.load.report;

import java.util.Locale;

/** Numbers as people read them. */
final class Quantities {
    private static final double NS_PER_MS = 1e6;
    private static final double NS_PER_S = 1e9;

    private Quantities() {}

    static String ms(long ns) {
        return String.format(Locale.ROOT, "%.3f ms", ns / NS_PER_MS);
    }

    static String seconds(long ns) {
        return String.format(Locale.ROOT, "%.2f s", ns / NS_PER_S);
    }

    static String us(double ns) {
        return String.format(Locale.ROOT, "%.2f us", ns / 1e3);
    }

    static String rate(double perSecond) {
        return String.format(Locale.ROOT, "%.2f", perSecond);
    }

    static String bytes(long bytes) {
        return bytes + " bytes";
    }

    /** 50 as "50", 99.9 as "99.9". */
    static String percentage(double percent) {
        return percent == Math.rint(percent) ? Long.toString((long) percent) : Double.toString(percent);
    }
}
