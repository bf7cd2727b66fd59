package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** DN-5, DN-8, DN-11: the options and their bounds. */
class DnsOptionsTest {
    @Test
    void dn5AndDn8AndDn11TheDefaultsAreThoseOfTheRules() {
        DnsOptions options = DnsOptions.defaults();

        assertThat(options.minInterval()).isEqualTo(Duration.ofSeconds(30));
        assertThat(options.lookupTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(options.queryTimeout()).isEqualTo(Duration.ofSeconds(5));
        assertThat(options.refreshInterval()).isEmpty();
        assertThat(options.serviceConfig()).isFalse();
        assertThat(options.srv()).isFalse();
        assertThat(options.honourTtl()).isFalse();
        assertThat(options.families()).isEqualTo(AddressFamilies.AS_JDK);
        assertThat(options.systemResolver()).isTrue();
    }

    @Test
    void whatTheSystemCannotTellIsAskedOfNameServers() {
        List<InetSocketAddress> servers = List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 53));

        assertThat(DnsOptions.builder().honourTtl(true).build().systemResolver())
                .isFalse();
        assertThat(DnsOptions.builder().srv(true).build().systemResolver()).isFalse();
        assertThat(DnsOptions.builder().servers(servers).build().systemResolver())
                .isFalse();
        assertThat(DnsOptions.builder().serviceConfig(true).build().systemResolver())
                .as("TXT records are asked for beside the system")
                .isTrue();
        assertThat(DnsOptions.builder().systemResolver(false).build().systemResolver())
                .isFalse();
    }

    @Test
    void theSystemIsNotAskedForWhatItCannotTell() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        DnsOptions.builder().systemResolver(true).srv(true).build())
                .withMessage("system resolver: true (expected: false, since the system tells neither TTL nor SRV"
                        + " records, and asks its own servers)");
    }

    @Test
    void durationsHaveBounds() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        DnsOptions.builder().minInterval(Duration.ofSeconds(-1)).build())
                .withMessage("minimum interval: PT-1S (expected: at least 0 and at most 365 days)");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> DnsOptions.builder().lookupTimeout(Duration.ZERO).build())
                .withMessage("lookup timeout: PT0S (expected: more than 0 and at most 365 days)");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        DnsOptions.builder().queryTimeout(Duration.ofDays(366)).build())
                .withMessageStartingWith("query timeout: PT8784H");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DnsOptions.builder()
                        .refreshInterval(Duration.ofSeconds(29))
                        .build())
                .withMessage("refresh interval: PT29S (expected: at least the minimum interval, PT30S)");
    }
}
