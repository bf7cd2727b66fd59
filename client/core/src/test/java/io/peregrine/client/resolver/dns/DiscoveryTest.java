package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostPort;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** DN-4, DN-8, DN-10: what is asked in one round, and what is made of the answers. */
class DiscoveryTest {
    private static final HostPort TARGET = new HostPort("greeter.test", 443);
    private static final DnsOptions SRV = DnsOptions.builder().srv(true).build();
    private static final DnsOptions CONFIG =
            DnsOptions.builder().serviceConfig(true).build();

    private final ScriptedLookup lookup = new ScriptedLookup();

    @Test
    void dn8TextsAreAskedForTogetherWithTheAddresses() {
        lookup.addresses.put(TARGET.host(), ScriptedLookup.addresses("10.0.0.1"));
        lookup.texts.put("_grpc_config.greeter.test", Answer.of(List.of("grpc_config=[]")));

        Discovery found = discover(TARGET, CONFIG, true);

        assertThat(lookup.asked).containsExactly("A greeter.test", "TXT _grpc_config.greeter.test");
        assertThat(found.texts()).containsExactly("grpc_config=[]");
        assertThat(found.endpoints()).hasSize(1);
    }

    @Test
    void dn8TextsAreNotAskedForIfTheyDoNotCountOrTheHostIsThisOne() {
        lookup.addresses.put(TARGET.host(), ScriptedLookup.addresses("10.0.0.1"));

        assertThat(discover(TARGET, CONFIG, false).texts()).isEmpty();
        assertThat(discover(TARGET, DnsOptions.defaults(), true).texts()).isEmpty();
        assertThat(discover(new HostPort("localhost", 1), CONFIG, true).texts()).isEmpty();
        assertThat(discover(new HostPort("10.0.0.1", 1), CONFIG, true).texts()).isEmpty();

        assertThat(lookup.asked).noneMatch(question -> question.startsWith("TXT"));
    }

    @Test
    void dn8TextsThatCannotBeHadAreNotKnownRatherThanNone() {
        lookup.addresses.put(TARGET.host(), ScriptedLookup.addresses("10.0.0.1"));
        lookup.fails("_grpc_config.greeter.test", "SERVFAIL");

        Discovery found = discover(TARGET, CONFIG, true);

        assertThat(found.texts()).isNull();
        assertThat(found.endpoints()).hasSize(1);
    }

    @Test
    void dn10AHostThatCannotBeLookedUpIsLeftOut() {
        services(new SrvRecord(1, 1, 1, "a"), new SrvRecord(2, 1, 2, "b"));
        lookup.fails("a", "SERVFAIL");
        lookup.addresses.put("b", ScriptedLookup.addresses("10.0.0.2"));

        Discovery found = discover(TARGET, SRV, true);

        assertThat(found.endpoints()).hasSize(1);
    }

    @Test
    void dn10HostsThatAllFailAreAFailure() {
        services(new SrvRecord(1, 1, 1, "a"), new SrvRecord(2, 1, 2, "b"));
        lookup.fails("a", "SERVFAIL");
        lookup.fails("b", "SERVFAIL");

        assertThatThrownBy(() -> discover(TARGET, SRV, true))
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(UnknownHostException.class);
    }

    @Test
    void dn10AThousandHostsAreLookedUpAFewAtATimeAndEachOnce() {
        List<SrvRecord> records = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            String host = "host" + i % 1_000;
            records.add(new SrvRecord(0, 1, 1 + i, host));
            lookup.addresses.put(host, ScriptedLookup.addresses("10.0." + i % 1_000 / 250 + '.' + i % 250));
        }
        services(records.toArray(SrvRecord[]::new));
        lookup.gate = new CompletableFuture<>();

        CompletableFuture<Discovery> found =
                Discovery.of(lookup.newRound(), TARGET, SRV, true, new SplittableRandom(1));
        lookup.gate.complete(null);

        assertThat(found.join().endpoints()).hasSize(2_000);
        assertThat(lookup.asked).hasSize(1_001);
    }

    @Test
    void dn10TheShortestTimeToLiveOfServicesAndHostsCounts() {
        lookup.services.put(TARGET.host(), new Answer<>(List.of(new SrvRecord(0, 7, 1, "a")), 9));
        Answer<InetAddress> address = ScriptedLookup.addresses("10.0.0.1");
        lookup.addresses.put("a", new Answer<>(address.values(), 5));

        Discovery found = discover(TARGET, SRV, true);

        assertThat(found.ttlNs()).isEqualTo(5);
        assertThat(found.endpoints()).extracting(Endpoint::weight).containsExactly(7);
    }

    private void services(SrvRecord... records) {
        lookup.services.put(TARGET.host(), Answer.of(List.of(records)));
    }

    private Discovery discover(HostPort target, DnsOptions options, boolean wantsConfig) {
        return Discovery.of(lookup.newRound(), target, options, wantsConfig, new SplittableRandom(1))
                .join();
    }
}
