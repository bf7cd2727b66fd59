package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ClientConn;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.TlsCredentials;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/guides/load-balancing-weights.md: its snippets compile, build channels, and say the same as its JSON. */
class WeightedPoliciesGuideTest {
    private static final Path GUIDE = Path.of("..", "..", "docs", "guides", "load-balancing-weights.md");
    private static final Path SOURCE =
            Path.of("src/test/java/io/peregrine/client/balancer/WeightedPoliciesGuideTest.java");

    @Test
    void weightedRoundRobin() throws Exception {
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
    void peakEwma() throws Exception {
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
    void slowStart() throws Exception {
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
    void theGuideShowsWhatIsBuiltHere() throws Exception {
        List<String> source = stripped(Files.readString(SOURCE));
        List<String> shown = snippets("java");

        assertThat(shown).hasSize(3);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(stripped(snippet)));
    }

    private static LoadBalancingPolicy policyOf(int json) throws Exception {
        return ServiceConfig.parse(snippets("json").get(json)).loadBalancing();
    }

    private static List<String> snippets(String language) throws Exception {
        Matcher found =
                Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(GUIDE));
        return found.results().map(snippet -> snippet.group(1)).toList();
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).toList();
    }
}
