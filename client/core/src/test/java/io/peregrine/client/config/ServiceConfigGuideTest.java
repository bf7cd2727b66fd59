package io.peregrine.client.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ClientConn;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.credentials.TlsCredentials;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/guides/service-config.md: its snippets compile and build channels, and both forms say the same (SV-14). */
class ServiceConfigGuideTest {
    private static final Path GUIDE = Path.of("..", "..", "docs", "guides", "service-config.md");
    private static final Path SOURCE = Path.of("src/test/java/io/peregrine/client/config/ServiceConfigGuideTest.java");

    @Test
    void sv14TheTypedFormAndTheJsonOfTheGuideAreTheSame() throws Exception {
        String json = snippets("json").get(0);
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
    void theGuideShowsWhatIsBuiltHere() throws Exception {
        List<String> source = stripped(Files.readString(SOURCE));
        List<String> shown = snippets("java");

        assertThat(shown).hasSize(2);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(stripped(snippet)));
    }

    private static List<String> snippets(String language) throws Exception {
        Matcher found =
                Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(GUIDE));
        return found.results().map(result -> result.group(1)).toList();
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).toList();
    }
}
