package io.peregrine.load.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.measure.Measurements;
import io.peregrine.load.method.MethodCatalog;
import io.peregrine.load.method.RequestMessages;
import io.peregrine.load.run.ClientTarget;
import io.peregrine.load.run.LoadLoop;
import io.peregrine.load.run.LoadPlan;
import io.peregrine.load.run.LoopOutcome;
import io.peregrine.load.run.StopSignal;
import io.peregrine.load.run.WaitStrategy;
import io.peregrine.transport.io.EventLoops;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * The pause oracle over real sockets: the server's event loop stands still for T in a run of length D, so
 * value(q) = T * (1 - (1 - q) * D / T) for the response times. A busy machine only adds to that, so it is the
 * least that must be seen; the test on virtual time holds the exact value.
 */
class StallIT {
    private static final long MS = 1_000_000L;
    private static final long STALL_NS = 400 * MS;
    private static final long LENGTH_NS = 2_000 * MS;
    private static final long CALLS = 1_000;

    /** One call of 500 a second, the histogram's resolution, and the edges of the stall. */
    private static final double TOLERANCE_NS = 10.0 * MS;

    @Test
    void showsAStallInTheResponseTimesByTheFormula() throws Exception {
        Measurements calls = runWithStall(10_000);

        for (double percentile : new double[] {85, 90, 95, 99}) {
            assertThat((double) calls.response().getValueAtPercentile(percentile))
                    .as("response p%s", percentile)
                    .isGreaterThan(expectedNs(percentile) - TOLERANCE_NS);
        }
    }

    @Test
    void showsAStallOnlyInTheResponseTimesWhenTheCapHoldsCallsBack() throws Exception {
        Measurements calls = runWithStall(5);

        assertThat((double) calls.response().getValueAtPercentile(90))
                .as("response p90")
                .isGreaterThan(expectedNs(90) - TOLERANCE_NS);
        assertThat((double) calls.service().getValueAtPercentile(90))
                .as("service p90 misses it: what a generator without intended starts would report")
                .isLessThan(expectedNs(90) / 2);
    }

    private static double expectedNs(double percentile) {
        return STALL_NS - (1 - percentile / 100) * LENGTH_NS;
    }

    private static Measurements runWithStall(int maxOutstanding) throws Exception {
        CallRecorder recorder = new CallRecorder(false);
        LoadPlan plan = plan(CALLS, maxOutstanding);
        EventLoops loops = EventLoops.create(1);
        try (EchoServer server = EchoServer.start(ServeOptions.embedded());
                ClientTarget target = target(server, loops)) {
            StopSignal stop = new StopSignal();
            LoopOutcome warmUp = LoadLoop.of(
                            plan(CALLS / 4, maxOutstanding), target, new CallRecorder(false), WaitStrategy.HYBRID, stop)
                    .run();
            assertThat(warmUp.notStarted()).isZero();
            var stalled = server.eventLoops()
                    .next()
                    .schedule(() -> standStill(System.nanoTime() + STALL_NS), 700, TimeUnit.MILLISECONDS);

            LoopOutcome outcome = LoadLoop.of(plan, target, recorder, WaitStrategy.HYBRID, stop)
                    .run();

            assertThat(stalled.isSuccess()).isTrue();
            assertThat(outcome.scheduled()).isEqualTo(CALLS);
            assertThat(recorder.total().ok()).isEqualTo(CALLS);
            return recorder.total();
        }
    }

    /** So many calls and not so much time, for a busy machine may leave calls that are due at the end of a time. */
    private static LoadPlan plan(long calls, int maxOutstanding) {
        return new LoadPlan(calls, LoadPlan.UNLIMITED, 1, false, 1e9 * CALLS / LENGTH_NS, maxOutstanding);
    }

    private static void standStill(long untilNs) {
        while (System.nanoTime() - untilNs < 0) {
            LockSupport.parkNanos(untilNs - System.nanoTime());
        }
    }

    private static ClientTarget target(EchoServer server, EventLoops loops) {
        ClientConn connection = ClientConn.builder(
                        "dns:///127.0.0.1:" + server.address().getPort())
                .credentials(InsecureCredentials.create())
                .eventLoops(loops)
                .build();
        return new ClientTarget(
                List.of(connection), loops, MethodCatalog.ECHO, RequestMessages.echo(100), CallOptions.DEFAULT);
    }
}
