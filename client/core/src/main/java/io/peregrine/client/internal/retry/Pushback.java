package io.peregrine.client.internal.retry;

import io.netty.util.AsciiString;
import io.peregrine.client.Metadata;
import java.util.concurrent.TimeUnit;

/**
 * The server's word on when to try again: the trailer {@code grpc-retry-pushback-ms} (gRFC A6; SPEC 2.14 line 5, D20).
 */
public final class Pushback {
    /** The server says nothing. */
    public static final long ABSENT = -1;

    /** Do not try again: a negative number, no 32-bit integer, or more than one value. */
    public static final long STOP = -2;

    private static final AsciiString NAME = AsciiString.cached("grpc-retry-pushback-ms");

    private Pushback() {}

    /**
     * The delay that the trailers ask for, in nanoseconds, 0 or more; else {@link #ABSENT} or {@link #STOP}. Allocates
     * nothing.
     */
    public static long delayNs(Metadata trailers) {
        long delayNs = ABSENT;
        for (int i = 0; i < trailers.size(); i++) {
            if (NAME.equals(trailers.wireName(i))) {
                if (delayNs != ABSENT) {
                    return STOP;
                }
                delayNs = parse(trailers.wireValue(i));
            }
        }
        return delayNs;
    }

    private static long parse(AsciiString text) {
        int first = !text.isEmpty() && (text.byteAt(0) == '-' || text.byteAt(0) == '+') ? 1 : 0;
        if (first == text.length()) {
            return STOP;
        }
        long milliseconds = 0;
        for (int i = first; i < text.length(); i++) {
            int digit = text.byteAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return STOP;
            }
            milliseconds = 10 * milliseconds + digit;
            if (milliseconds > Integer.MAX_VALUE) {
                return STOP;
            }
        }
        boolean negative = text.byteAt(0) == '-' && milliseconds != 0;
        return negative ? STOP : TimeUnit.MILLISECONDS.toNanos(milliseconds);
    }
}
