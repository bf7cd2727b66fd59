package io.peregrine.client.internal.retry;

import static io.peregrine.client.internal.retry.Trailers.pushback;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.client.Metadata;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SPEC 2.14 line 5, D20. */
class PushbackTest {
    @Test
    void d20TrailersWithoutTheFieldSayNothing() {
        assertThat(Pushback.delayNs(Metadata.EMPTY)).isEqualTo(Pushback.ABSENT);
        assertThat(Pushback.delayNs(pushback())).isEqualTo(Pushback.ABSENT);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "250, 250", "007, 7", "+5, 5", "-0, 0", "2147483647, 2147483647"})
    void d20OneNumberFromZeroToTheLargestInt32IsTheDelayInMilliseconds(String value, long milliseconds) {
        assertThat(Pushback.delayNs(pushback(value)))
                .isEqualTo(Duration.ofMillis(milliseconds).toNanos());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-1",
                "-2147483648",
                "2147483648",
                "-2147483649",
                "9223372036854775807",
                "18446744073709551616",
                "99999999999999999999999999",
                "1.5",
                "1e3",
                "0x10",
                "five",
                "5ms",
                " 5",
                "5 ",
                "-",
                "+",
                "--5",
                "+-5",
                "5,6",
                "1_000",
                "\u00b2"
            })
    void d20AnythingElseAsksNotToRetry(String value) {
        assertThat(Pushback.delayNs(pushback(value))).isEqualTo(Pushback.STOP);
    }

    @Test
    void d20MoreThanOneValueAsksNotToRetryEvenIfTheyAgree() {
        assertThat(Pushback.delayNs(pushback("5", "5"))).isEqualTo(Pushback.STOP);
        assertThat(Pushback.delayNs(pushback("-1", "5"))).isEqualTo(Pushback.STOP);
        assertThat(Pushback.delayNs(pushback("5", "6", "7"))).isEqualTo(Pushback.STOP);
    }

    @Test
    void d20LookingAllocatesNothing() {
        Metadata silent = pushback();
        Metadata delayed = pushback("250");
        long least = Long.MAX_VALUE;
        long sum = 0;
        for (int window = 0; window < 20; window++) {
            long before = AllocationProbe.allocatedBytes();
            for (int i = 0; i < 1_000; i++) {
                sum += Pushback.delayNs(silent) + Pushback.delayNs(delayed);
            }
            least = Math.min(least, AllocationProbe.allocatedBytes() - before);
        }
        assertThat(sum).isPositive();
        assertThat(least).isZero();
    }
}
