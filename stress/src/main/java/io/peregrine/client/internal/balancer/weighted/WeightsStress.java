package io.peregrine.client.internal.balancer.weighted;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.J_Result;
import org.openjdk.jcstress.infra.results.L_Result;

/** Reports, new connections, the ends of calls and picks, all at once: none is lost, and none counts twice. */
public final class WeightsStress {
    private WeightsStress() {}

    /** A report of the old connection and a new connection: whatever comes first, the reports are to settle anew. */
    @JCStressTest
    @Outcome(
            id = "NOT_YET_USABLE",
            expect = ACCEPTABLE,
            desc = "The blackout began anew, or will with the next report.")
    @Outcome(expect = FORBIDDEN, desc = "The report has put back the time since which reports have settled.")
    @State
    public static class ReportAndReconnect {
        private final ReportedWeight weight = new ReportedWeight();

        /** Has settled at time 20. */
        public ReportAndReconnect() {
            weight.onReport(4, 0);
        }

        /** On an event loop. */
        @Actor
        public void report() {
            weight.onReport(5, 10);
        }

        /** In the serialised context. */
        @Actor
        public void reconnect() {
            weight.onReady();
        }

        /** When both are done. */
        @Arbiter
        public void look(L_Result result) {
            result.r1 = weight.use(20, 100, 15);
        }
    }

    /** Two calls that were slower than all before end at once. */
    @JCStressTest
    @Outcome(id = "8", expect = ACCEPTABLE, desc = "The slower one counts.")
    @Outcome(expect = FORBIDDEN, desc = "The slower one was lost.")
    @State
    public static class TwoPeaks {
        private final PeakLatency latency = new PeakLatency();

        /** Nothing is known. */
        @Actor
        public void slow() {
            latency.onSample(4, 1, 10);
        }

        /** Even slower. */
        @Actor
        public void slower() {
            latency.onSample(8, 1, 10);
        }

        /** When both are done. */
        @Arbiter
        public void look(J_Result result) {
            result.r1 = Math.round(latency.averageNs());
        }
    }

    /** Two threads that both see that a decay time has passed. */
    @JCStressTest
    @Outcome(id = "368", expect = ACCEPTABLE, desc = "It has passed once: 1000 / e.")
    @Outcome(expect = FORBIDDEN, desc = "It has passed twice, or not at all.")
    @State
    public static class TimePassesOnce {
        private final PeakLatency latency = new PeakLatency();

        /** As of time 1. */
        public TimePassesOnce() {
            latency.onSample(1000, 1, 10);
        }

        /** By a tick. */
        @Actor
        public void tick() {
            latency.onIdle(11, 10);
        }

        /** By a fast call. */
        @Actor
        public void fast() {
            latency.onSample(0, 11, 10);
        }

        /** When both are done. */
        @Arbiter
        public void look(J_Result result) {
            result.r1 = Math.round(latency.averageNs());
        }
    }

    /** A call that starts and ends while another thread counts. */
    @JCStressTest
    @Outcome(
            id = {"0", "1"},
            expect = ACCEPTABLE,
            desc = "It is under way, or not yet, or not any more.")
    @Outcome(expect = FORBIDDEN, desc = "It ended before it started.")
    @State
    public static class CallsUnderWay {
        private final PeakLatency latency = new PeakLatency();

        /** A call. */
        @Actor
        public void call() {
            latency.onStart();
            latency.onFinish();
        }

        /** A pick. */
        @Actor
        public void count(J_Result result) {
            result.r1 = latency.underWay();
        }
    }
}
