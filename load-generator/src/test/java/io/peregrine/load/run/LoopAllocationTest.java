package io.peregrine.load.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.load.measure.CallRecorder;
import org.junit.jupiter.api.Test;

/** What the generator allocates beside the client: a fixed amount for each run, and nothing for each call. */
class LoopAllocationTest {
    private static final long CALLS = 500_000;

    /** Slots, budget, queue and threads of control; less than one byte in ten calls. */
    private static final long BYTES_PER_RUN = 50_000;

    private final CallRecorder recorder = new CallRecorder(false);
    private final AnsweringAtOnce target = new AnsweringAtOnce();

    @Test
    void aClosedLoopAllocatesNothingPerCall() {
        assertThat(leastOfThree(new LoadPlan(CALLS, LoadPlan.UNLIMITED, 100, false, 0, 1)))
                .isLessThan(BYTES_PER_RUN);
    }

    @Test
    void anOpenLoopAllocatesNothingPerCall() {
        assertThat(leastOfThree(new LoadPlan(CALLS, LoadPlan.UNLIMITED, 1, false, 100_000, 100)))
                .isLessThan(BYTES_PER_RUN);
    }

    private long leastOfThree(LoadPlan plan) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 3; round++) {
            LoadLoop loop = LoadLoop.of(plan, target, recorder, target, new StopSignal());
            least = Math.min(
                    least,
                    AllocationProbe.measure(
                            () -> assertThat(loop.run().started()).isEqualTo(CALLS)));
        }
        return least;
    }

    /** A target without latency, and a clock that only waiting moves. */
    private static final class AnsweringAtOnce implements CallTarget, Pacer {
        private long nowNs;

        @Override
        public int lanes() {
            return 1;
        }

        @Override
        public void start(int lane, CallSlot slot) {
            slot.onOk();
        }

        @Override
        public void call(int lane, CallSlot slot) {
            slot.onOk();
        }

        @Override
        public long nanoTime() {
            return nowNs;
        }

        @Override
        public void pause(long remainingNs) {
            nowNs += remainingNs;
        }
    }
}
