package io.peregrine.client.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ClientConn;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.testkit.Guide;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** docs/guides/service-config.md: its snippets compile and build channels, and both forms say the same (SV-14). */
class ServiceConfigGuideTest {
    private static final Guide GUIDE = Guide.named("service-config.md");

    @Test
    void sv14TheTypedFormAndTheJsonOfTheGuideAreTheSame() {
        String json = GUIDE.snippets("json").get(0);
        ServiceConfig typed = ServiceConfig.builder()
                .loadBalancing(PickFirst.shuffled())
                .method(
                        "helloworld.Greeter/SayHello",
                        m -> m.timeout(Duration.ofMillis(50))
                                .retry(RetryPolicy.exponential(Duration.ofMillis(5), 2.0, Duration.ofMillis(20))
                                        .maxAttempts(3)
                                        .on(StatusCode.UNAVAILABLE)))
                .service("helloworld.Greeter", m -> m.waitForReady(true).maxResponseMessageBytes(1 << 20))
                .defaults(m -> m.timeout(Duration.ofSeconds(5)))
                .retryThrottling(10, 0.1)
                .build();
        ClientConn conn = ClientConn.builder("dns:///greeter.internal:443")
                .credentials(TlsCredentials.create())
                .serviceConfig(typed)
                .build();
        ClientConn same = ClientConn.builder("dns:///greeter.internal:443")
                .credentials(TlsCredentials.create())
                .serviceConfigJson(json)
                .build();

        assertThat(ServiceConfig.parse(json)).isEqualTo(typed);
        conn.close();
        same.close();
    }

    @Test
    void theGuideShowsWhatIsBuiltHere() {
        List<String> source = Guide.sourceOf(ServiceConfigGuideTest.class);
        List<String> shown = GUIDE.snippets("java");

        assertThat(shown).hasSize(2);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }
}
