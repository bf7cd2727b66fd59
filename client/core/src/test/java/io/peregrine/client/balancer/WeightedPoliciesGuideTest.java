package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ClientConn;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.testkit.Guide;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** docs/guides/load-balancing-weights.md: its snippets compile, build channels, and say the same as its JSON. */
class WeightedPoliciesGuideTest {
    private static final Guide GUIDE = Guide.named("load-balancing-weights.md");

    @Test
    void weightedRoundRobin() {
        ClientConn conn = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .serviceConfig(ServiceConfig.builder()
                        .loadBalancing(WeightedRoundRobin.builder()
                                .outOfBandReports(Duration.ofSeconds(1))
                                .blackoutPeriod(Duration.ofSeconds(5))
                                .utilizationMetrics("named_metrics.queue", "cpu_utilization")
                                .build())
                        .build())
                .build();
        conn.close();

        assertThat(policyOf(0))
                .isEqualTo(WeightedRoundRobin.builder()
                        .outOfBandReports(Duration.ofSeconds(1))
                        .blackoutPeriod(Duration.ofSeconds(5))
                        .utilizationMetrics("named_metrics.queue", "cpu_utilization")
                        .build());
    }

    @Test
    void peakEwma() {
        ClientConn conn = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .serviceConfig(ServiceConfig.builder()
                        .loadBalancing(PeakEwma.policy().withDecayTime(Duration.ofSeconds(5)))
                        .build())
                .build();
        conn.close();

        assertThat(policyOf(1)).isEqualTo(PeakEwma.policy().withDecayTime(Duration.ofSeconds(5)));
    }

    @Test
    void slowStart() {
        WeightedRoundRobin gentle = WeightedRoundRobin.builder()
                .slowStart(SlowStart.linear(Duration.ofSeconds(30)))
                .build();
        PeakEwma gentler = PeakEwma.policy().withSlowStart(new SlowStart(Duration.ofMinutes(1), 0.5, 1));
        LeastRequest gentlest = LeastRequest.policy().withSlowStart(SlowStart.linear(Duration.ofSeconds(30)));

        assertThat(gentlest.slowStart()).isEqualTo(gentle.slowStart());
        assertThat(policyOf(2)).isEqualTo(gentle);
        assertThat(gentler.slowStart()).isEqualTo(new SlowStart(Duration.ofSeconds(60), 0.5, 1));
    }

    @Test
    void theGuideShowsWhatIsBuiltHere() {
        List<String> source = Guide.sourceOf(WeightedPoliciesGuideTest.class);
        List<String> shown = GUIDE.snippets("java");

        assertThat(shown).hasSize(3);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }

    private static LoadBalancingPolicy policyOf(int json) {
        return ServiceConfig.parse(GUIDE.snippets("json").get(json)).loadBalancing();
    }
}
