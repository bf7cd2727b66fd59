package io.peregrine.transport.header;

import io.netty.buffer.ByteBuf;

/**
 * The value of {@code grpc-timeout}: one to eight digits and a unit (SPEC DL-2).
 *
 * <p>The finest unit that fits is used and the value is rounded up (D8), so that the server never gives up before the
 * client's own timer, which is the authority.
 */
final class GrpcTimeout {
    private static final long MAX_VALUE = 99_999_999;
    private static final byte[] UNITS = {'n', 'u', 'm', 'S', 'M', 'H'};
    private static final long[] UNIT_NS = {1, 1_000, 1_000_000, 1_000_000_000L, 60_000_000_000L, 3_600_000_000_000L};

    private GrpcTimeout() {}

    /** Writes the value as an HPACK string; {@code timeoutNs} below 1 counts as 1. Allocates nothing. */
    static void write(ByteBuf out, long timeoutNs) {
        long positiveNs = Math.max(1, timeoutNs);
        int unit = 0;
        while (unit < UNIT_NS.length - 1 && divideUp(positiveNs, UNIT_NS[unit]) > MAX_VALUE) {
            unit++;
        }
        long value = Math.min(divideUp(positiveNs, UNIT_NS[unit]), MAX_VALUE);
        int digits = digits(value);
        out.ensureWritable(digits + 2);
        out.writeByte(digits + 1);
        int start = out.writerIndex();
        out.writerIndex(start + digits);
        for (int i = digits - 1; i >= 0; i--) {
            out.setByte(start + i, '0' + (int) (value % 10));
            value /= 10;
        }
        out.writeByte(UNITS[unit]);
    }

    private static long divideUp(long dividend, long divisor) {
        return dividend / divisor + (dividend % divisor == 0 ? 0 : 1);
    }

    private static int digits(long value) {
        int digits = 1;
        for (long rest = value / 10; rest > 0; rest /= 10) {
            digits++;
        }
        return digits;
    }
}
