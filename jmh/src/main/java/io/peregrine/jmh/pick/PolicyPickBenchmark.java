package io.peregrine.jmh.pick;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.jmh.peer.Payload;
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

    private final PickInfo info =
            new Call(MethodDescriptor.unary(Payload.METHOD, Marshallers.bytes(), Marshallers.bytes()));
    private PickerSnapshot pickers = new PickerSnapshot(unset -> PickResult.queue(), 1, Runnable::run);

    /** Lets the policy make its picker. */
    @Setup
    public void makePicker() {
        pickers = new PickerSnapshot(ReadyBackEnds.pickerOf(policy.config(), backEnds), 1, Runnable::run);
    }

    /** One thread. */
    @Benchmark
    @Threads(1)
    public PickResult oneThread() {
        return pickers.current().pick(info);
    }

    /** Two threads; the time is each one's. */
    @Benchmark
    @Threads(2)
    public PickResult twoThreads() {
        return pickers.current().pick(info);
    }

    private record Call(MethodDescriptor<?, ?> method) implements PickInfo {
        @Override
        public CallOptions options() {
            return CallOptions.DEFAULT;
        }
    }
}
