package io.peregrine.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.client.resolver.registry.Reports;
import io.peregrine.discovery.etcd.ScriptedEtcd.Unary;
import io.peregrine.discovery.etcd.ScriptedEtcd.Watch;
import io.peregrine.discovery.etcd.proto.AuthenticateRequest;
import io.peregrine.discovery.etcd.proto.AuthenticateResponse;
import io.peregrine.discovery.etcd.proto.RangeRequest;
import io.peregrine.discovery.etcd.proto.RangeResponse;
import io.peregrine.testkit.RecordedLog;
import io.peregrine.testkit.VirtualTimer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Real calls to a script that answers, fails and hangs as etcd may; delays in virtual time. */
class EtcdResolverIT {
    private static final Duration SHORTEST_BACKOFF = Duration.ofMillis(800);
    private static final Duration LONGEST_FIRST_BACKOFF = Duration.ofMillis(1200);

    private final VirtualTimer timer = new VirtualTimer();
    private final Reports reports = new Reports();
    private RecordedLog log;
    private ScriptedEtcd etcd;
    private @Nullable NameResolver resolver;

    @BeforeEach
    void begin() throws Exception {
        log = new RecordedLog(EtcdResolver.class);
        etcd = new ScriptedEtcd();
    }

    @AfterEach
    void end() throws Exception {
        if (resolver != null) {
            resolver.close();
        }
        etcd.close();
        log.close();
    }

    @Test
    void theKeysOfThePrefixAreReadAndThenWatchedFromTheNextRevisionOn() throws Exception {
        start();
        Unary<RangeRequest, RangeResponse> range = etcd.nextRange();
        assertThat(range.request().getKey().toStringUtf8()).isEqualTo("services/greeter/");
        assertThat(range.request().getRangeEnd().toStringUtf8()).isEqualTo("services/greeter0");
        range.answer(ScriptedEtcd.keys(41, Map.of("services/greeter/a", "127.0.0.1:1")));
        assertThat(reports.next()).isEqualTo(endpoints(1));

        Watch watch = etcd.nextWatch();
        assertThat(watch.create().getStartRevision()).isEqualTo(42);
        assertThat(watch.create().getKey()).isEqualTo(range.request().getKey());
        assertThat(watch.create().getRangeEnd()).isEqualTo(range.request().getRangeEnd());
        watch.created();
        watch.put("services/greeter/b", "127.0.0.1:2");
        assertThat(reports.next()).isEqualTo(endpoints(1, 2));
        watch.delete("services/greeter/a");
        assertThat(reports.next()).isEqualTo(endpoints(2));
        watch.progress(50);
        watch.put("services/greeter/b", "{\"Op\":1,\"Addr\":\"127.0.0.1:2\"}");
        assertThat(reports.next()).isEqualTo(List.of());
        assertThat(log.lines()).isEmpty();
        assertThat(timer.pending()).isZero();
    }

    @Test
    void rs6TheJsonOfGrpcNamingBringsAttributes() throws Exception {
        start();
        etcd.serve(
                3,
                Map.of(
                        "services/greeter/a",
                        "{\"Op\":0,\"Addr\":\"127.0.0.1:1\",\"Metadata\":"
                                + "{\"weight\":5,\"region\":\"eu\",\"zone\":\"eu-1\",\"hash_key\":\"k\",\"owner\":{}}}"));

        assertThat(reports.next())
                .isEqualTo(List.of(Endpoint.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1))
                        .with(Endpoint.WEIGHT, 5)
                        .with(Endpoint.LOCALITY, new Locality("eu", "eu-1", ""))
                        .with(Endpoint.HASH_KEY, "k")));
    }

    @Test
    void aValueThatIsMalformedDoesNotCostTheOthersAndIsLoggedOnce() throws Exception {
        start();
        Watch watch = etcd.serve(3, Map.of("services/greeter/a", "127.0.0.1:1", "services/greeter/b", "{\"Addr\":"));
        assertThat(reports.next()).isEqualTo(endpoints(1));
        watch.put("services/greeter/c", "127.0.0.1:70000");
        watch.put("services/greeter/d", "127.0.0.1:4");
        assertThat(reports.next()).isEqualTo(endpoints(1, 4));

        assertThat(log.lines())
                .singleElement()
                .asString()
                .contains("1 of 2 entries cannot be used, such as \"services/greeter/b\": $.Addr: malformed JSON");
    }

    @Test
    void rs2AWatchThatIsCompactedIsBegunAnewAfterTheBackoff() throws Exception {
        start();
        Watch watch = etcd.serve(3, Map.of("services/greeter/a", "127.0.0.1:1"));
        reports.next();
        watch.cancel("", 90);
        assertThat(reports.nextError())
                .isEqualTo("UNAVAILABLE: etcd at [" + etcd.address() + "], prefix \"services/greeter/\": "
                        + etcd.address() + ": the watch was cancelled: revisions before 90 are compacted");

        askAgainAfterBackoff();
        Watch second = etcd.serve(95, Map.of("services/greeter/b", "127.0.0.1:2"));
        assertThat(second.create().getStartRevision()).isEqualTo(96);
        assertThat(reports.next()).isEqualTo(endpoints(2));
        assertThat(log.lines()).hasSize(2);
    }

    @Test
    void rs2AWatchThatIsCancelledOrLostIsBegunAnew() throws Exception {
        start();
        etcd.serve(3, Map.of("services/greeter/a", "127.0.0.1:1")).cancel("etcdserver: no leader", 0);
        assertThat(reports.next()).isEqualTo(endpoints(1));
        assertThat(reports.nextError()).endsWith("the watch was cancelled: etcdserver: no leader");
        askAgainAfterBackoff();
        etcd.serve(3, Map.of("services/greeter/a", "127.0.0.1:1"))
                .fail(Status.UNAVAILABLE.withDescription("etcdserver: server stopped"));
        assertThat(reports.next()).isEqualTo(endpoints(1));
        assertThat(reports.nextError()).contains("the watch was lost: ", "etcdserver: server stopped");
    }

    @Test
    void rs1TheBackoffGrowsAndIsLoggedOnce() throws Exception {
        start();
        double expectedMs = 1000;
        for (int i = 0; i < 5; i++) {
            etcd.nextRange().fail(Status.UNAVAILABLE.withDescription("etcdserver: request timed out"));
            assertThat(reports.nextError()).contains("etcdserverpb.KV/Range: ", "etcdserver: request timed out");
            timer.advanceToTask(
                    Duration.ofMillis((long) (expectedMs * 0.79)), Duration.ofMillis((long) (expectedMs * 1.21)));
            expectedMs *= 1.6;
        }
        assertThat(log.lines()).hasSize(1);
    }

    @Test
    void aServerThatHangsIsGivenUp() throws Exception {
        start();
        etcd.nextRange();
        timer.advance(Duration.ofSeconds(10));
        assertThat(reports.nextError()).endsWith("etcdserverpb.KV/Range: no answer within 10 s");

        askAgainAfterBackoff();
        etcd.nextRange().answer(ScriptedEtcd.keys(3, Map.of("services/greeter/a", "127.0.0.1:1")));
        assertThat(reports.next()).isEqualTo(endpoints(1));
        Watch watch = etcd.nextWatch();
        timer.advance(Duration.ofSeconds(10));
        assertThat(reports.nextError()).endsWith("etcdserverpb.Watch/Watch: no answer within 10 s");
        assertThat(watch.isGone()).isTrue();
    }

    @Test
    void aServerThatRestartsOnItsPortIsFoundAgain() throws Exception {
        start();
        etcd.serve(3, Map.of("services/greeter/a", "127.0.0.1:1"));
        reports.next();
        etcd.close();
        assertThat(reports.nextError()).contains("the watch was lost: ");

        timer.advanceToTask(SHORTEST_BACKOFF, LONGEST_FIRST_BACKOFF);
        assertThat(reports.nextError()).contains("etcdserverpb.KV/Range: UNAVAILABLE");
        etcd = new ScriptedEtcd(etcd.port());
        timer.advanceToTask(Duration.ofMillis(1280), Duration.ofMillis(1920));
        etcd.serve(4, Map.of("services/greeter/b", "127.0.0.1:2"));
        assertThat(reports.next()).isEqualTo(endpoints(2));
        assertThat(log.lines()).hasSize(2);
    }

    @Test
    void aRevisionThatGoesBackIsNotTakenBeforeItIsSaidTwice() throws Exception {
        start();
        etcd.serve(50, Map.of("services/greeter/a", "127.0.0.1:1")).cancel("restart", 0);
        reports.next();
        reports.nextError();
        askAgainAfterBackoff();
        etcd.nextRange().answer(ScriptedEtcd.keys(2, Map.of()));
        assertThat(reports.nextError()).endsWith("its revision went back from 50 to 2");

        timer.advanceToTask(Duration.ofMillis(1280), Duration.ofMillis(1920));
        etcd.serve(2, Map.of());
        assertThat(reports.next()).isEqualTo(List.of());
        assertThat(log.lines()).hasSize(2);
    }

    /** A cluster that was restored from a snapshot of yesterday is behind what the watch has said, not what it began with. */
    @Test
    void aRevisionThatIsBehindTheWatchHasGoneBackToo() throws Exception {
        start();
        Watch watch = etcd.serve(50, Map.of("services/greeter/a", "127.0.0.1:1"));
        reports.next();
        watch.progress(80);
        watch.cancel("restart", 0);
        reports.nextError();
        askAgainAfterBackoff();
        etcd.nextRange().answer(ScriptedEtcd.keys(60, Map.of("services/greeter/z", "127.0.0.1:26")));

        assertThat(reports.nextError()).endsWith("its revision went back from 80 to 60");
    }

    @Test
    void theNextMemberIsTriedAtOnceAndTheBackoffFollowsWhenNoneIsLeft() throws Exception {
        String dead = "127.0.0.1:" + freePort();
        start(EtcdResolverProvider.builder(), dead + ',' + etcd.address());
        Watch watch = etcd.serve(3, Map.of("services/greeter/a", "127.0.0.1:1"));

        assertThat(reports.next()).isEqualTo(endpoints(1));
        etcd.close();
        assertThat(watch.isGone()).isTrue();
        assertThat(reports.nextError()).contains("the watch was lost");
        timer.advanceToTask(SHORTEST_BACKOFF, LONGEST_FIRST_BACKOFF);
        assertThat(reports.nextError()).contains("etcdserverpb.KV/Range: UNAVAILABLE");
        assertThat(log.lines()).hasSize(1);
    }

    @Test
    void rs3AnEmptyPrefixIsReportedAsItIs() throws Exception {
        start();
        etcd.serve(3, Map.of());

        assertThat(reports.next()).isEqualTo(List.of());
    }

    @Test
    void threeThousandKeysAreReported() throws Exception {
        start();
        etcd.serve(
                3,
                IntStream.rangeClosed(1, 3000)
                        .boxed()
                        .collect(Collectors.toMap(i -> "services/greeter/%05d".formatted(i), i -> "127.0.0.1:" + i)));

        assertThat(reports.next())
                .isEqualTo(endpoints(IntStream.rangeClosed(1, 3000).toArray()));
    }

    @Test
    void theTokenOfTheLoginGoesWithEachCall() throws Exception {
        start(EtcdResolverProvider.builder().user("ana", "secret"), etcd.address());
        Unary<AuthenticateRequest, AuthenticateResponse> login = etcd.nextLogin();
        assertThat(login.request().getName()).isEqualTo("ana");
        assertThat(login.request().getPassword()).isEqualTo("secret");
        login.answer(AuthenticateResponse.newBuilder().setToken("t.1").build());
        Unary<RangeRequest, RangeResponse> range = etcd.nextRange();
        range.answer(ScriptedEtcd.keys(3, Map.of()));
        Watch watch = etcd.nextWatch();
        assertThat(range.token()).isEqualTo("t.1");
        assertThat(watch.token()).isEqualTo("t.1");

        watch.fail(Status.UNAUTHENTICATED.withDescription("etcdserver: invalid auth token"));
        reports.next();
        assertThat(reports.nextError()).contains("invalid auth token").doesNotContain("secret");
        askAgainAfterBackoff();
        etcd.nextLogin();
    }

    @Test
    void aClusterWithoutUsersIsReadWithoutAToken() throws Exception {
        start(EtcdResolverProvider.builder().user("ana", "secret"), etcd.address());
        etcd.nextLogin().fail(Status.FAILED_PRECONDITION.withDescription("etcdserver: authentication is not enabled"));
        Unary<RangeRequest, RangeResponse> range = etcd.nextRange();

        assertThat(range.token()).isEmpty();
    }

    @Test
    void closeEndsTheWatch() throws Exception {
        start();
        Watch watch = etcd.serve(3, Map.of());
        reports.next();
        Objects.requireNonNull(resolver).close();

        assertThat(watch.isGone()).isTrue();
        assertThat(reports.areTaken()).isTrue();
        assertThat(timer.pending()).isZero();
    }

    @Test
    void rs4HintsAskNothing() throws Exception {
        start();
        Watch watch = etcd.serve(3, Map.of("services/greeter/a", "127.0.0.1:1"));
        reports.next();
        for (int i = 0; i < 100; i++) {
            Objects.requireNonNull(resolver).resolveNow();
        }
        watch.put("services/greeter/b", "127.0.0.1:2");

        assertThat(reports.next()).isEqualTo(endpoints(1, 2));
        assertThat(timer.pending()).isZero();
    }

    private void start() {
        start(EtcdResolverProvider.builder(), etcd.address());
    }

    private void start(EtcdResolverProvider.Builder provider, String members) {
        ResolverContext context =
                new ResolverContext(80, timer, new EmbeddedChannel().eventLoop(), timer::nanoTime, true);
        NameResolver made = provider.build().newResolver(new Target("etcd", members, "services/greeter"), context);
        resolver = made;
        made.start(reports);
    }

    private void askAgainAfterBackoff() throws InterruptedException {
        timer.advanceToTask(SHORTEST_BACKOFF, LONGEST_FIRST_BACKOFF);
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static List<Endpoint> endpoints(int... ports) {
        return Arrays.stream(ports)
                .mapToObj(port -> Endpoint.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)))
                .toList();
    }
}
