package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.testkit.VirtualTimer;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Memory and time are bounded, whatever the number of addresses. */
class AddressBackoffsTest {
    private final VirtualTimer timer = new VirtualTimer();
    private long looks;
    private final AddressBackoffs backoffs = new AddressBackoffs(() -> new AddressBackoff(
            () -> {
                looks++;
                return timer.nanoTime();
            },
            new Backoff(() -> 0.5)));

    @Test
    void sc5AnAddressKeepsItsBackoff() {
        AddressBackoff first = backoffs.of(address(1));
        fail(first);

        assertThat(backoffs.of(address(1))).isSameAs(first);
        assertThat(first.remainingNs()).isPositive();
    }

    @Test
    void addressesThatMayBeConnectedToAreForgottenAndTheOthersKept() {
        AddressBackoff waiting = backoffs.of(address(0));
        fail(waiting);
        for (int n = 1; n < 100_000; n++) {
            assertThat(backoffs.of(address(n))).isNotNull();
            assertThat(backoffs.size()).isLessThanOrEqualTo(AddressBackoffs.MIN_LIMIT);
        }

        assertThat(backoffs.of(address(0))).isSameAs(waiting);
    }

    @Test
    void tenThousandAddressesInBackoffCostTimeInProportionToTheirNumber() {
        for (int n = 0; n < 10_000; n++) {
            fail(backoffs.of(address(n)));
        }
        long looksToFail = 20_000;

        assertThat(backoffs.size()).isEqualTo(10_000);
        assertThat(looks - looksToFail).as("looks to forget").isLessThan(2 * 10_000);
        timer.advance(Duration.ofMinutes(1));
        for (int n = 10_000; n < 30_000; n++) {
            assertThat(backoffs.of(address(n))).isNotNull();
        }
        assertThat(backoffs.size()).as("as much as there was at once, at most").isLessThanOrEqualTo(2 * 10_000);
    }

    @Test
    void sc6AResetFreesAllOfThem() {
        AddressBackoff first = backoffs.of(address(1));
        fail(first);

        backoffs.reset();

        assertThat(first.remainingNs()).isZero();
        assertThat(first.begin())
                .as("the first delay")
                .isEqualTo(Duration.ofSeconds(1).toNanos());
    }

    private static void fail(AddressBackoff backoff) {
        backoff.begin();
        backoff.onFailed("refused");
    }

    private static SocketAddress address(int n) {
        return InetSocketAddress.createUnresolved("host-" + n, 1);
    }
}
