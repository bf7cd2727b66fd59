package io.peregrine.client.balancer.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import io.peregrine.testkit.Guide;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** docs/guides/load-balancing-rings.md: its snippets compile, and its JSON says the same as its Java. */
class LoadBalancingRingsGuideTest {
    private static final Guide GUIDE = Guide.named("load-balancing-rings.md");

    @Test
    void ex5ConsistentHashing() {
        ServiceConfig byUser = ServiceConfig.builder()
                .loadBalancing(RingHash.byHeader("x-user"))
                .build();
        ClientConn conn = ClientConn.builder("dns:///carts.internal:443")
                .credentials(TlsCredentials.create())
                .serviceConfig(byUser)
                .build();
        CallOptions forThisUser = CallOptions.DEFAULT.withAffinityKey("user-4711");

        assertThat(parsed(0)).isEqualTo(byUser.loadBalancing());
        assertThat(forThisUser.affinityKey()).isEqualTo("user-4711");
        conn.close();
    }

    @Test
    void od1OutlierDetection() {
        AtomicInteger out = new AtomicInteger();
        LoadBalancingPolicy guarded = OutlierDetection.over(RoundRobin.policy())
                .withInterval(Duration.ofSeconds(1))
                .withEjectionTime(Duration.ofSeconds(5), Duration.ofMinutes(1))
                .withMaxEjectionPercent(30)
                .detecting(null, new OutlierDetection.FailurePercentage(50, 100, 3, 20));
        LoadBalancingPolicy observed = OutlierDetection.over(RoundRobin.policy())
                .observedBy(new EjectionObserver() {
                    @Override
                    public void onEjected(Set<SocketAddress> addresses, Detection detection) {
                        out.incrementAndGet();
                    }

                    @Override
                    public void onReturned(Set<SocketAddress> addresses) {
                        out.decrementAndGet();
                    }
                });

        assertThat(parsed(1)).isEqualTo(guarded);
        assertThat(observed).isNotEqualTo(guarded);
    }

    @Test
    void ex4ZonePreference() {
        LoadBalancingPolicy zoned = OutlierDetection.over(
                ZonePreference.of(new Locality("eu-central", "eu-central-1a", ""), RoundRobin.policy()));
        Endpoint here = Endpoint.of(new InetSocketAddress("10.0.0.1", 443))
                .with(Endpoint.LOCALITY, new Locality("eu-central", "eu-central-1a", ""));

        assertThat(parsed(2)).isEqualTo(zoned);
        assertThat(here.attributes().isEmpty()).isFalse();
    }

    @Test
    void pr1AndPr2PrioritiesAndTargets() {
        LoadBalancingPolicy withReserve =
                Priority.first("main", RoundRobin.policy()).then("reserve", RoundRobin.policy());
        LoadBalancingPolicy canary =
                WeightedTarget.of("stable", 99, RoundRobin.policy()).and("canary", 1, RoundRobin.policy());
        Endpoint inReserve =
                Endpoint.of(new InetSocketAddress("10.9.0.1", 443)).with(ChildPath.KEY, ChildPath.of("reserve"));

        assertThat(parsed(3)).isEqualTo(withReserve);
        assertThat(parsed(4)).isEqualTo(canary);
        assertThat(inReserve.attributes().get(ChildPath.KEY)).isEqualTo(ChildPath.of("reserve"));
    }

    @Test
    void theGuideShowsWhatIsBuiltHere() {
        List<String> source = Guide.sourceOf(LoadBalancingRingsGuideTest.class);
        List<String> shown = GUIDE.snippets("java");

        assertThat(shown).hasSize(5);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }

    private static LoadBalancingPolicy parsed(int snippet) {
        return ServiceConfig.parse(GUIDE.snippets("json").get(snippet)).loadBalancing();
    }
}
