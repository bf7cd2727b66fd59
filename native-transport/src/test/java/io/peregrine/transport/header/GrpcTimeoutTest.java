package io.peregrine.transport.header;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.testkit.Seeds;
import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SPEC DL-2, with D8: the server's clock never ends a call before ours. */
class GrpcTimeoutTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1n",
        "0, 1n",
        "-5, 1n",
        "10, 10n",
        "99999999, 99999999n",
        "100000000, 100000u",
        "100000001, 100001u",
        "99999999000, 99999999u",
        "99999999001, 100000m",
        "100000000000, 100000m",
        "99999999000000, 99999999m",
        "99999999000001, 100000S",
        "99999999000000000, 99999999S",
        "99999999000000001, 1666667M",
        "5999999940000000000, 99999999M",
        "5999999940000000001, 1666667H",
        "9223372036854775806, 2562048H"
    })
    void usesTheFinestUnitThatFitsAndRoundsUp(long timeoutNs, String expected) {
        assertThat(write(timeoutNs)).isEqualTo(expected);
    }

    @Test
    void isNeverBelowTheTimeLeftAndAtMostAUnitAboveIt() {
        SplittableRandom random = Seeds.random("grpc-timeout is never below the time left");
        for (int i = 0; i < 100_000; i++) {
            long timeoutNs = Math.max(1, random.nextLong(Long.MAX_VALUE) >>> random.nextInt(63));

            String text = write(timeoutNs);

            assertThat(text).matches("[0-9]{1,8}[numSMH]");
            BigInteger unit = BigInteger.valueOf(unitNs(text.charAt(text.length() - 1)));
            BigInteger value = new BigInteger(text.substring(0, text.length() - 1)).multiply(unit);
            assertThat(value).isGreaterThanOrEqualTo(BigInteger.valueOf(timeoutNs));
            assertThat(value.subtract(unit)).isLessThan(BigInteger.valueOf(timeoutNs));
        }
    }

    private static long unitNs(char unit) {
        return switch (unit) {
            case 'n' -> 1L;
            case 'u' -> 1_000L;
            case 'm' -> 1_000_000L;
            case 'S' -> 1_000_000_000L;
            case 'M' -> 60_000_000_000L;
            case 'H' -> 3_600_000_000_000L;
            default -> throw new AssertionError("unit: " + unit);
        };
    }

    /** Into a buffer without room, which must grow. */
    private static String write(long timeoutNs) {
        ByteBuf out = Unpooled.buffer(1);
        GrpcTimeout.write(out, timeoutNs);
        assertThat((int) out.readByte()).isEqualTo(out.readableBytes());
        return out.toString(US_ASCII);
    }
}
