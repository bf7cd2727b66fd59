package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ClientConn;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.balancer.policy.RandomSubsetting;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.testkit.Guide;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What docs/guides/load-balancing.md shows compiles, runs, and does what it says. */
class LoadBalancingGuideTest {
    private static final Guide GUIDE = Guide.named("load-balancing.md");

    @Test
    void choosingAPolicy() {
        ServiceConfig config =
                ServiceConfig.builder().loadBalancing(LeastRequest.policy()).build();
        ClientConn conn = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .serviceConfig(config)
                .build();

        assertThat(config.loadBalancing().name()).isEqualTo("least_request");
        conn.close();
    }

    @Test
    void thePoliciesInJsonAreThoseOfJava() {
        List<LoadBalancingPolicy> read = GUIDE.snippets("json").stream()
                .map(json -> ServiceConfig.parse(json).loadBalancing())
                .toList();

        assertThat(read)
                .containsSubsequence(
                        new PickFirst(true, Duration.ofMillis(150)),
                        RoundRobin.policy(),
                        LeastRequest.policy(),
                        new RandomSubsetting(20, RoundRobin.policy()));
    }

    @Test
    void theExampleIsTheOneThatIsTested() {
        List<String> sources = Stream.of(LoadBalancingGuideTest.class, FasterOfTwo.class)
                .flatMap(test -> Guide.sourceOf(test).stream())
                .toList();
        List<String> snippets = GUIDE.snippets("java");

        assertThat(snippets)
                .isNotEmpty()
                .allSatisfy(snippet -> assertThat(sources).containsSequence(Guide.lines(snippet)));
        assertThat(snippets)
                .filteredOn(snippet -> snippet.contains("class FasterOfTwo"))
                .singleElement()
                .satisfies(snippet -> assertThat(snippet.lines()).hasSizeLessThan(60));
    }

    @Test
    void theExampleAvoidsTheSlowServer() {
        BalancerHarness context = new BalancerHarness();
        LoadBalancer balancer = new FasterOfTwo(context);
        context.run(() -> balancer.onEndpoints(BalancerHarness.endpoints("10.0.0.1", "10.0.0.2", "10.0.0.3")));
        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);
        Stream.of("10.0.0.1", "10.0.0.2", "10.0.0.3").forEach(context::ready);
        List<String> picked = new ArrayList<>();

        for (int i = 0; i < 1_000; i++) {
            PickResult result = context.pick();
            String host = BalancerHarness.hostOf(result);
            picked.add(host);
            long tookNs = host.equals("10.0.0.1") ? 9_000_000 : 1_000_000;
            Objects.requireNonNull(result.doneListener()).onDone(FinishedCall.after(Duration.ofNanos(tookNs)));
        }

        // It is picked only where both draws are of it: a ninth of the time.
        assertThat(picked.stream().skip(100).filter("10.0.0.1"::equals)).hasSizeBetween(50, 160);
        assertThat(picked).contains("10.0.0.2", "10.0.0.3");
    }

    @Test
    void theExampleFailsCallsWithTheReason() {
        BalancerHarness context = new BalancerHarness();
        LoadBalancer balancer = new FasterOfTwo(context);
        context.run(() -> balancer.onEndpoints(BalancerHarness.endpoints("10.0.0.1")));

        context.fail("10.0.0.1");

        assertThat(context.pick().status().message()).isEqualTo("10.0.0.1 refused");
    }
}
