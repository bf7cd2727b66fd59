package io.peregrine.jmh.pick;

import io.grpc.CallOptions;
import io.grpc.LoadBalancer;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.server.StreamServer;
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
 * What a pick costs in grpc-java, with the pickers of its round_robin and weighted_round_robin policies, whose counters all
 * threads share. No back end has reported its load, which is when the second goes round, too.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class GrpcJavaPolicyPickBenchmark {
    /** How many back ends the policies have. */
    @Param({"1", "10", "1000"})
    public int backEnds;

    /** The name of the policy. */
    @Param({"round_robin", "weighted_round_robin"})
    public String policy = "round_robin";

    private final LoadBalancer.PickSubchannelArgs call = new Call();
    private LoadBalancer.SubchannelPicker picker =
            new LoadBalancer.FixedResultPicker(LoadBalancer.PickResult.withNoResult());

    /** Lets the policy make its picker. */
    @Setup
    public void makePicker() {
        picker = GrpcJavaPolicy.pickerOf(policy, backEnds);
    }

    /** One thread. */
    @Benchmark
    @Threads(1)
    public LoadBalancer.PickResult oneThread() {
        return picker.pickSubchannel(call);
    }

    /** Two threads; the time is each one's. */
    @Benchmark
    @Threads(2)
    public LoadBalancer.PickResult twoThreads() {
        return picker.pickSubchannel(call);
    }

    private static final class Call extends LoadBalancer.PickSubchannelArgs {
        private final Metadata headers = new Metadata();
        private final MethodDescriptor<?, ?> method = StreamServer.method(Payload.METHOD, MethodType.UNARY);

        @Override
        public CallOptions getCallOptions() {
            return CallOptions.DEFAULT;
        }

        @Override
        public Metadata getHeaders() {
            return headers;
        }

        @Override
        public MethodDescriptor<?, ?> getMethodDescriptor() {
            return method;
        }
    }
}
