package io.peregrine.client.internal.balancer.weighted;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.internal.balancer.weighted.ReportingServer.Reports;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** WR-7, against servers of grpc-java that report their load as grpc-java does. */
@Timeout(60)
class LoadReportsIT {
    private static final CallOptions IN_TIME =
            CallOptions.deadlineAfter(Duration.ofSeconds(10)).withWaitForReady(true);
    private static final int CALLS = 400;

    @Test
    void wr7ReportsInTrailersSteerTheCalls() throws Exception {
        try (ReportingServer light = new ReportingServer(Reports.IN_TRAILERS, 0, 0.25);
                ReportingServer heavy = new ReportingServer(Reports.IN_TRAILERS, 0, 0.75);
                ClientConn conn = connect(settledAtOnce().build(), light, heavy)) {
            awaitShare(conn, light, heavy, 0.75);

            light.cpu(0.75);
            heavy.cpu(0.25);
            awaitShare(conn, light, heavy, 0.25);
        }
    }

    @Test
    void wr7ReportsOnStreamsSteerTheCalls() throws Exception {
        try (ReportingServer light = new ReportingServer(Reports.ON_STREAMS, 0, 0.25);
                ReportingServer heavy = new ReportingServer(Reports.ON_STREAMS, 0, 0.75);
                ClientConn conn = connect(outOfBand(), light, heavy)) {
            awaitShare(conn, light, heavy, 0.75);

            light.cpu(0.75);
            heavy.cpu(0.25);
            awaitShare(conn, light, heavy, 0.25);
            assertThat(light.streamsOpened().availablePermits()).isEqualTo(1);
            assertThat(heavy.streamsOpened().availablePermits()).isEqualTo(1);
        }
    }

    @Test
    void wr7AServerWithoutTheServiceIsAskedOnceAndGetsItsShare() throws Exception {
        try (ReportingServer one = new ReportingServer(Reports.NONE, 0, 0.25);
                ReportingServer two = new ReportingServer(Reports.NONE, 0, 0.75);
                ClientConn conn = connect(outOfBand(), one, two)) {
            awaitShare(conn, one, two, 0.5);
            assertThat(one.streamsOpened().tryAcquire(10, TimeUnit.SECONDS)).isTrue();

            awaitShare(conn, one, two, 0.5);
            awaitShare(conn, one, two, 0.5);
            assertThat(one.streamsOpened().availablePermits()).isZero();
        }
    }

    @Test
    void wr7AServerThatComesBackIsAskedAgain() throws Exception {
        ReportingServer first = new ReportingServer(Reports.ON_STREAMS, 0, 0.25);
        int port = first.address().getPort();
        try (ReportingServer other = new ReportingServer(Reports.ON_STREAMS, 0, 0.75);
                ClientConn conn = connect(outOfBand(), first, other)) {
            awaitShare(conn, first, other, 0.75);
            first.close();

            try (ReportingServer second = new ReportingServer(Reports.ON_STREAMS, port, 0.25)) {
                assertThat(second.streamsOpened().tryAcquire(20, TimeUnit.SECONDS))
                        .isTrue();
                awaitShare(conn, second, other, 0.75);
            }
        } finally {
            first.close();
        }
    }

    /** A stream that the channel keeps for itself does not keep the channel from closing. */
    @Test
    void wr7AGracefulShutdownEndsTheStreams() throws Exception {
        try (ReportingServer one = new ReportingServer(Reports.ON_STREAMS, 0, 0.25)) {
            ClientConn conn = connect(outOfBand(), one);
            conn.invoke(ReportingServer.SAY, new byte[1], IN_TIME);
            assertThat(one.streamsOpened().tryAcquire(10, TimeUnit.SECONDS)).isTrue();

            conn.shutdown();

            assertThat(conn.awaitTermination(Duration.ofSeconds(20))).isTrue();
            assertThat(one.streamsCancelled().tryAcquire(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** Nor from going idle. */
    @Test
    void id4AndWr7StreamsOfReportsDoNotKeepTheChannelFromGoingIdleAndEndWithIt() throws Exception {
        try (ReportingServer one = new ReportingServer(Reports.ON_STREAMS, 0, 0.25);
                ClientConn conn = builder(outOfBand(), one)
                        .idleTimeout(Duration.ofSeconds(1))
                        .build()) {
            conn.invoke(ReportingServer.SAY, new byte[1], IN_TIME);
            assertThat(one.streamsOpened().tryAcquire(10, TimeUnit.SECONDS)).isTrue();

            assertThat(conn.stateChangedFrom(ConnectivityState.READY).get(20, TimeUnit.SECONDS))
                    .isEqualTo(ConnectivityState.IDLE);

            assertThat(one.streamsCancelled().tryAcquire(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static WeightedRoundRobin.Builder settledAtOnce() {
        return WeightedRoundRobin.builder().blackoutPeriod(Duration.ZERO).weightUpdatePeriod(Duration.ofMillis(100));
    }

    private static WeightedRoundRobin outOfBand() {
        return settledAtOnce().outOfBandReports(Duration.ofMillis(100)).build();
    }

    private static ClientConn connect(WeightedRoundRobin policy, ReportingServer... servers) {
        return builder(policy, servers).build();
    }

    private static ClientConnBuilder builder(WeightedRoundRobin policy, ReportingServer... servers) {
        List<InetSocketAddress> addresses =
                Arrays.stream(servers).map(ReportingServer::address).toList();
        return ClientConn.builder("fixed:///servers")
                .credentials(InsecureCredentials.create())
                .resolver(new FixedResolver(addresses))
                .serviceConfig(ServiceConfig.builder().loadBalancing(policy).build());
    }

    /** Calls until the first server has that share of them; the timeout of the test ends it otherwise. */
    private static void awaitShare(ClientConn conn, ReportingServer first, ReportingServer second, double expected) {
        double share;
        do {
            first.takeCalls();
            second.takeCalls();
            for (int call = 0; call < CALLS; call++) {
                conn.invoke(ReportingServer.SAY, new byte[1], IN_TIME);
            }
            int ofFirst = first.takeCalls();
            share = ofFirst / (double) (ofFirst + second.takeCalls());
        } while (Math.abs(share - expected) > 0.02);
    }

    /** Finds the servers of the test. */
    private record FixedResolver(List<InetSocketAddress> addresses) implements NameResolverProvider {
        @Override
        public String scheme() {
            return "fixed";
        }

        @Override
        public NameResolver newResolver(Target target, ResolverContext context) {
            return new NameResolver() {
                @Override
                public void start(Listener listener) {
                    listener.onEndpoints(addresses.stream().map(Endpoint::of).toList());
                }

                @Override
                public void resolveNow() {}

                @Override
                public void close() {}
            };
        }
    }
}
