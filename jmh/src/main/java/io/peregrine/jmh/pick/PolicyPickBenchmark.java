package io.peregrine.jmh.pick;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.internal.control.PickTracking;
import io.peregrine.client.internal.control.PickerSnapshot;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a call pays to be told its subchannel, with the picker that each policy has made for back ends that are all ready.
 * A policy is a row of {@link PickedPolicy}.
 *
 * <p>A pick reads the channel's current picker and asks it, for one of {@value PickedCalls#COUNT} prepared calls with
 * affinity keys. No such call ends, so the policies that count calls see ever more of them. {@code ...WithEnd} measures what
 * a whole call does: the pick, and, if the policy wants to know, the start and the end of the call, one after the other on
 * one thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class PolicyPickBenchmark {
    /** The policy. */
    @Param
    public PickedPolicy policy = PickedPolicy.PICK_FIRST;

    /** How many back ends it has. */
    @Param({"1", "10", "1000"})
    public int backEnds;

    private PickerSnapshot pickers = new PickerSnapshot(unset -> PickResult.queue(), 1, Runnable::run);

    /** Lets the policy make its picker. */
    @Setup
    public void makePicker() {
        pickers = new PickerSnapshot(ReadyBackEnds.pickerOf(policy, backEnds), 1, Runnable::run);
    }

    /** One thread, and the calls that it makes. */
    @State(Scope.Thread)
    public static class Caller {
        private final PickInfo[] calls = PickedCalls.withKeys();
        private final PickTracking tracking = new PickTracking(System::nanoTime);
        private int made;

        PickInfo nextCall() {
            return calls[++made & (PickedCalls.COUNT - 1)];
        }
    }

    /** One thread. */
    @Benchmark
    @Threads(1)
    public PickResult oneThread(Caller caller) {
        return pickers.current().pick(caller.nextCall());
    }

    /** Two threads; the time is each one's. */
    @Benchmark
    @Threads(2)
    public PickResult twoThreads(Caller caller) {
        return pickers.current().pick(caller.nextCall());
    }

    /** One thread, with the end of the call. */
    @Benchmark
    @Threads(1)
    public PickResult oneThreadWithEnd(Caller caller) {
        return pickAndEnd(caller);
    }

    /** Two threads, with the end of the call; the time is each one's. */
    @Benchmark
    @Threads(2)
    public PickResult twoThreadsWithEnd(Caller caller) {
        return pickAndEnd(caller);
    }

    /** As an attempt does it: a call that has read the clock as it started. */
    private PickResult pickAndEnd(Caller caller) {
        PickResult picked = pickers.current().pick(caller.nextCall());
        DoneListener listener = picked.doneListener();
        if (listener != null) {
            caller.tracking.begin(listener, 0, Long.MAX_VALUE);
            caller.tracking.sent(true);
            caller.tracking.end(Status.OK, Metadata.EMPTY, true);
        }
        return picked;
    }
}
