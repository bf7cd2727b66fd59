package io.peregrine.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.client.resolver.registry.Reports;
import io.peregrine.discovery.consul.ScriptedConsul.Query;
import io.peregrine.testkit.RecordedLog;
import io.peregrine.testkit.VirtualTimer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real HTTP against a script that holds, answers, and misbehaves as Consul may; delays in virtual time. */
class ConsulResolverIT {
    private static final Duration FLOOR = Duration.ofMillis(100);
    private static final Duration SHORTEST_BACKOFF = Duration.ofMillis(800);
    private static final Duration LONGEST_FIRST_BACKOFF = Duration.ofMillis(1200);

    private final VirtualTimer timer = new VirtualTimer();
    private final Reports reports = new Reports();
    private RecordedLog log;
    private ScriptedConsul consul;
    private @Nullable NameResolver resolver;

    @BeforeEach
    void begin() throws Exception {
        log = new RecordedLog(ConsulResolver.class);
        consul = new ScriptedConsul();
    }

    @AfterEach
    void end() {
        if (resolver != null) {
            resolver.close();
        }
        consul.close();
        log.close();
    }

    @Test
    void theWatchIsHeldUntilTheServiceChanges() throws Exception {
        start();
        Query first = consul.next();
        assertThat(first.uri()).isEqualTo("/v1/health/service/greeter?passing=true");
        first.answerAt(5, Entries.json(1));
        assertThat(reports.next()).isEqualTo(Entries.endpoints(1));

        askAgainAtOnce();
        Query second = consul.next();
        assertThat(second.uri()).isEqualTo("/v1/health/service/greeter?passing=true&index=5&wait=60s");
        assertThat(consul.waiting()).isZero();
        second.answerAt(6, Entries.json(1, 2));
        assertThat(reports.next()).isEqualTo(Entries.endpoints(1, 2));

        askAgainAtOnce();
        assertThat(consul.next().uri()).endsWith("&index=6&wait=60s");
        assertThat(log.lines()).isEmpty();
    }

    @Test
    void aWatchThatEndsWithoutNewsBeginsAnewAndReportsNothing() throws Exception {
        start();
        consul.next().answerAt(5, Entries.json(1));
        reports.next();
        askAgainAtOnce();
        Query held = consul.next();
        timer.advance(Duration.ofSeconds(62));
        held.answerAt(5, Entries.json(1));

        timer.advanceToTask(Duration.ZERO, Duration.ZERO);
        assertThat(consul.next().uri()).endsWith("&index=5&wait=60s");
        assertThat(reports.areTaken()).isTrue();
    }

    @Test
    void whatTheTargetAndTheProviderAskForIsInTheQuery() throws Exception {
        start(
                ConsulResolverProvider.builder(Map.of())
                        .token("secret")
                        .tag("v2")
                        .datacenter("eu1")
                        .queryWait(Duration.ofSeconds(30)),
                "greeter/tag=a b/dc=us1/near=_agent/health=any");
        Query query = consul.next();
        query.answerAt(5, "[]");
        askAgainAtOnce();

        assertThat(query.uri()).isEqualTo("/v1/health/service/greeter?tag=v2&tag=a%20b&dc=us1&near=_agent");
        assertThat(query.header("X-Consul-Token")).isEqualTo("secret");
        assertThat(consul.next().uri()).endsWith("&index=5&wait=30s");
    }

    @Test
    void anIndexThatGoesBackIsNotTakenAndTheServiceIsReadAgainWithoutOne() throws Exception {
        start();
        consul.next().answerAt(50, Entries.json(1));
        reports.next();
        askAgainAtOnce();
        consul.next().answerAt(7, "[]");

        assertThat(reports.nextError()).endsWith("its index went back from 50 to 7");
        askAgainAfterBackoff();
        Query fresh = consul.next();
        assertThat(fresh.uri()).doesNotContain("index");
        fresh.answerAt(7, Entries.json(2));
        assertThat(reports.next()).isEqualTo(Entries.endpoints(2));
        assertThat(log.lines()).hasSize(2);
    }

    @Test
    void withoutAnIndexTheServiceIsPolledWithTheBackoff() throws Exception {
        start();
        consul.next().answer(200, Entries.json(1));
        assertThat(reports.next()).isEqualTo(Entries.endpoints(1));

        askAgainAfterBackoff();
        Query second = consul.next();
        assertThat(second.uri()).doesNotContain("index");
        second.answerAt(0, Entries.json(1));
        timer.advanceToTask(Duration.ofMillis(1280), Duration.ofMillis(1920));
        consul.next();
        assertThat(reports.areTaken()).isTrue();
    }

    @Test
    void anAnswerTooEarlyAndWithoutNewsDelaysTheNextQuery() throws Exception {
        start();
        consul.next().answerAt(5, Entries.json(1));
        reports.next();
        askAgainAtOnce();
        consul.next().answerAt(5, Entries.json(1));

        askAgainAfterBackoff();
        consul.next();
        assertThat(log.lines()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    500 | No cluster leader            | answered 500: No cluster leader
                    404 | 404 page not found           | answered 404: 404 page not found
                    403 | Permission denied            | answered 403: Permission denied
                    503 | ''                           | answered 503
                    200 | '[{"Service":'               | its answer is malformed: $[0].Service: malformed JSON
                    200 | '{}'                         | its answer is malformed: $: an object (expected: a list)
                    200 | '<html>busy</html>'          | its answer is malformed: $: malformed JSON
                    """)
    void rs2ABadAnswerIsReportedAndAskedForAgainAfterTheBackoff(int status, String body, String reason)
            throws Exception {
        start();
        consul.next().answerAt(5, Entries.json(1));
        reports.next();
        askAgainAtOnce();
        consul.next().answer(status, body);

        assertThat(reports.nextError())
                .startsWith("UNAVAILABLE: consul at " + consul.address() + ", service \"greeter\": " + reason);
        askAgainAfterBackoff();
        Query again = consul.next();
        assertThat(again.uri()).endsWith("&index=5&wait=60s");
        again.answerAt(9, Entries.json(2));
        assertThat(reports.next()).isEqualTo(Entries.endpoints(2));
        assertThat(log.lines()).hasSize(2).first().asString().startsWith("WARNING consul at ");
        assertThat(log.lines()).last().asString().startsWith("INFO ").endsWith("works again");
    }

    @Test
    void rs1TheBackoffGrowsAndIsLoggedOnce() throws Exception {
        start();
        double expectedMs = 1000;
        for (int i = 0; i < 8; i++) {
            consul.next().answer(500, "No cluster leader");
            assertThat(reports.nextError()).contains("answered 500");
            timer.advanceToTask(
                    Duration.ofMillis((long) (expectedMs * 0.79)), Duration.ofMillis((long) (expectedMs * 1.21)));
            expectedMs *= 1.6;
        }
        consul.next();
        assertThat(log.lines()).hasSize(1);
        assertThat(timer.pending()).isEqualTo(1);
    }

    @Test
    void aServerThatHangsIsGivenUp() throws Exception {
        start();
        Query hanging = consul.next();
        timer.advance(Duration.ofSeconds(10));

        assertThat(reports.nextError()).endsWith("no answer within 10 s");
        assertThatThrownBy(() -> hanging.writeUntilRefused(1 << 28)).isInstanceOf(IOException.class);
        askAgainAfterBackoff();
        consul.next();
    }

    @Test
    void aServerThatHangsInTheMiddleOfItsAnswerIsGivenUp() throws Exception {
        start();
        consul.next().answerAt(5, Entries.json(1));
        reports.next();
        askAgainAtOnce();
        Query hanging = consul.next();
        hanging.begin(200, 1 << 20, "[");
        timer.advance(Duration.ofMillis(73_750));

        assertThat(reports.nextError()).endsWith("no answer within 73 s");
        askAgainAfterBackoff();
        consul.next().answerAt(6, Entries.json(2));
        assertThat(reports.next()).isEqualTo(Entries.endpoints(2));
    }

    @Test
    void anAnswerWithoutEndIsCutOff() throws Exception {
        start();
        Query query = consul.next();

        assertThatThrownBy(() -> query.writeUntilRefused(1L << 32)).isInstanceOf(IOException.class);
        assertThat(reports.nextError()).endsWith("no answer: the answer has more than 33554432 bytes");
    }

    @Test
    void aServerThatRestartsOnItsPortIsFoundAgain() throws Exception {
        start();
        consul.next().answerAt(50, Entries.json(1));
        reports.next();
        askAgainAtOnce();
        consul.next();
        consul.close();
        assertThat(reports.nextError()).contains("no answer: ");

        timer.advanceToTask(SHORTEST_BACKOFF, LONGEST_FIRST_BACKOFF);
        assertThat(reports.nextError()).contains("no answer: ");
        consul = new ScriptedConsul(HttpServer.create(), consul.port());
        timer.advanceToTask(Duration.ofMillis(1280), Duration.ofMillis(1920));
        Query held = consul.next();
        assertThat(held.uri()).contains("index=50");
        held.answerAt(51, Entries.json(2));

        assertThat(reports.next()).isEqualTo(Entries.endpoints(2));
        assertThat(log.lines()).hasSize(2);
    }

    @Test
    void rs3AnEmptyListIsReportedAsItIs() throws Exception {
        start();
        consul.next().answerAt(5, "[]");

        assertThat(reports.next()).isEqualTo(List.of());
    }

    @Test
    void threeThousandInstancesAreReported() throws Exception {
        int[] ports = IntStream.rangeClosed(1, 3000).toArray();
        start();
        consul.next().answerAt(5, Entries.json(ports));

        assertThat(reports.next()).isEqualTo(Entries.endpoints(ports));
    }

    @Test
    void rs4HintsAreCoalescedAndAskAgainOnlyWhereAWatchIsHeldForLong() throws Exception {
        start();
        consul.next().answerAt(5, Entries.json(1));
        reports.next();
        askAgainAtOnce();
        Query held = consul.next();
        NameResolver started = Objects.requireNonNull(resolver);
        started.resolveNow();
        timer.advance(Duration.ofSeconds(10));
        for (int i = 0; i < 1000; i++) {
            started.resolveNow();
        }

        assertThat(consul.next().uri()).endsWith("&index=5&wait=60s");
        assertThatThrownBy(() -> held.writeUntilRefused(1 << 28)).isInstanceOf(IOException.class);
        assertThat(consul.waiting()).isZero();
        assertThat(reports.areTaken()).isTrue();
    }

    @Test
    void closeEndsTheQueryUnderWay() throws Exception {
        start();
        Query held = consul.next();
        Objects.requireNonNull(resolver).close();

        assertThatThrownBy(() -> held.writeUntilRefused(1 << 28)).isInstanceOf(IOException.class);
        assertThat(timer.pending()).isZero();
        assertThat(reports.areTaken()).isTrue();
    }

    @Test
    void aTokenThatCannotBeSentIsNotNamed() throws Exception {
        start(ConsulResolverProvider.builder(Map.of()).token(() -> "top\nsecret"), "greeter");

        assertThat(reports.nextError()).contains("token: has a character").doesNotContain("secret");
        assertThat(log.lines()).singleElement().asString().doesNotContain("secret");
    }

    @Test
    void consulIsAskedByTls() throws Exception {
        X509Bundle bundle = new CertificateBuilder()
                .subject("CN=consul")
                .setIsCertificateAuthority(true)
                .addSanIpAddress("127.0.0.1")
                .buildSelfSigned();
        TrustManagerFactory trust = bundle.toTrustManagerFactory();
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(bundle.toKeyManagerFactory().getKeyManagers(), trust.getTrustManagers(), null);
        HttpsServer https = HttpsServer.create();
        https.setHttpsConfigurator(new HttpsConfigurator(tls));
        consul.close();
        consul = new ScriptedConsul(https, 0);

        start(ConsulResolverProvider.builder(Map.of()).tls(tls), "greeter");
        consul.next().answerAt(5, Entries.json(1));

        assertThat(reports.next()).isEqualTo(Entries.endpoints(1));
    }

    private void start() {
        start(ConsulResolverProvider.builder(Map.of()), "greeter");
    }

    private void start(ConsulResolverProvider.Builder provider, String endpoint) {
        ResolverContext context =
                new ResolverContext(80, timer, new EmbeddedChannel().eventLoop(), timer::nanoTime, true);
        NameResolver made = provider.build().newResolver(new Target("consul", consul.address(), endpoint), context);
        resolver = made;
        made.start(reports);
    }

    /** After an answer with news. */
    private void askAgainAtOnce() throws InterruptedException {
        timer.advanceToTask(FLOOR, FLOOR);
    }

    private void askAgainAfterBackoff() throws InterruptedException {
        timer.advanceToTask(SHORTEST_BACKOFF, LONGEST_FIRST_BACKOFF);
    }
}
