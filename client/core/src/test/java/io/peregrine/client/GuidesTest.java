package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.connection.CallPlacement;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.ConnectionStats;
import io.peregrine.client.connection.PoolStats;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.client.warmup.WarmUp;
import io.peregrine.testkit.Guide;
import io.peregrine.transport.http2.FloodLimits;
import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.io.ConnectionInfo;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.io.SocketTuning;
import io.peregrine.transport.proxy.ProxyServer;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The snippets of docs/guides/connections.md and proxies.md: what they show compiles and builds channels. */
class GuidesTest {
    @Test
    void eventLoops() {
        EventLoops loops = EventLoops.builder()
                .backend(IoBackend.NIO)
                .threads(2)
                .name("quotes")
                .busyPoll(true)
                .build();
        ClientConn conn = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .eventLoops(loops)
                .build();

        assertThat(loops.backend()).isEqualTo(IoBackend.NIO);
        conn.close();
        loops.close();
    }

    @Test
    void callerDriven() {
        ClientConn driven = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .callerDriven(true)
                .build();

        assertThat(driven.state()).isEqualTo(ConnectivityState.IDLE);
        driven.close();
    }

    @Test
    void keepAliveAndTelemetry() {
        ClientConn watched = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .keepAlive(Duration.ofMinutes(5), Duration.ofSeconds(20))
                .build();

        for (ConnectionInfo connection : watched.connections()) {
            connection
                    .tcpTelemetry()
                    .thenAccept(telemetry -> telemetry.ifPresent(tcp ->
                            System.out.println(connection.remoteAddress() + ": round trip " + tcp.rttUs() + " us")));
        }

        assertThat(watched.connections()).isEmpty();
        watched.close();
    }

    @Test
    void statesAndIdleMode() {
        ClientConn conn = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .idleTimeout(Duration.ofMinutes(5))
                .build();
        Cancellable watch = conn.watchState(state -> System.out.println(state + " " + conn.lastFailure()));
        conn.connect();

        assertThat(conn.state()).isNotEqualTo(ConnectivityState.IDLE);
        watch.cancel();
        conn.close();
    }

    @Test
    void globalDefaults() {
        Consumer<ClientConnBuilder> before = ClientConn.globalDefaults(
                builder -> builder.applicationName("quotes").idleTimeout(Duration.ZERO));
        Consumer<ClientConnBuilder> ours = ClientConn.globalDefaults(before);

        assertThat(ours).isNotNull();
    }

    @Test
    void healthChecks() {
        ClientConn checked = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .serviceConfig(ServiceConfig.builder()
                        .loadBalancing(RoundRobin.policy())
                        .healthCheck("quotes.Quotes")
                        .build())
                .build();

        assertThat(checked.state()).isEqualTo(ConnectivityState.IDLE);
        checked.close();
    }

    @Test
    void failingFast() {
        ClientConn alert = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .probeAfterDeadlines(3, Duration.ofMillis(20))
                .build();

        assertThat(alert.state()).isEqualTo(ConnectivityState.IDLE);
        alert.close();
    }

    @Test
    void severalConnections() {
        ConnectionScaling scaling = ConnectionScaling.builder()
                .maxConnections(4)
                .openBeforeFull(0.8)
                .warmStandby(true)
                .maxAge(Duration.ofMinutes(30))
                .placement(CallPlacement.OLDEST)
                .build();
        ClientConn wide = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .connectionScaling(scaling)
                .build();
        PoolStats stats = wide.connectionStats();
        System.out.println(stats.connections(ConnectionStats.State.READY) + " connections carry " + stats.openStreams()
                + " calls, " + stats.waitingStreams() + " wait for room, " + stats.waitingCalls()
                + " for a connection");

        assertThat(stats.subchannels()).isEmpty();
        wide.close();
    }

    @Test
    void limits() {
        TransportOptions options = TransportOptions.builder()
                .windows(1 << 20, 8 << 20)
                .floodLimits(FloodLimits.builder()
                        .budget(FloodLimits.Budget.PING, 5_000)
                        .build())
                .build();
        ClientConn patient = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .transportOptions(options)
                .build();

        assertThat(options.floodLimits().frames(FloodLimits.Budget.PING)).isEqualTo(5_000);
        patient.close();
    }

    @Test
    void socketOptions() {
        SocketTuning tuning = SocketTuning.builder()
                .tcpQuickAck(true)
                .tcpUserTimeout(Duration.ofSeconds(10))
                .build();
        ClientConn tuned = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .socketTuning(tuning)
                .build();

        assertThat(tuning.tcpUserTimeout()).contains(Duration.ofSeconds(10));
        tuned.close();
    }

    @Test
    void warmUp() throws Exception {
        MethodDescriptor<byte[], byte[]> latest =
                MethodDescriptor.unary("quotes.Quotes/Latest", Marshallers.bytes(), Marshallers.bytes());
        byte[] request = new byte[20];
        byte[] reply = new byte[200];
        ClientConn conn = ClientConn.builder("dns:///quotes.internal:443")
                .credentials(TlsCredentials.create())
                .build();

        WarmUp.Report report = WarmUp.create()
                .method(latest, request, reply)
                .asyncCalls(0)
                .limit(Duration.ofSeconds(5))
                .tls()
                .run();
        boolean ready = conn.awaitReady(Duration.ofSeconds(1));

        assertThat(report.calls()).isPositive();
        assertThat(ready).isFalse();
        conn.close();
    }

    @Test
    void proxy() {
        String password = "secret";
        ClientConn conn = ClientConn.builder("dns:///greeter.internal:443")
                .credentials(TlsCredentials.create())
                .proxy(ProxyServer.httpConnect("proxy.corp", 3128).withCredentials("ana", password))
                .build();

        assertThat(conn.toString()).doesNotContain(password);
        conn.close();
    }

    @ParameterizedTest
    @CsvSource({"connections.md, 12", "proxies.md, 1"})
    void theGuidesShowWhatIsBuiltHere(String guide, int snippets) {
        List<String> source = Guide.sourceOf(GuidesTest.class);
        List<String> shown = Guide.named(guide).snippets("java");

        assertThat(shown).hasSize(snippets);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }
}
