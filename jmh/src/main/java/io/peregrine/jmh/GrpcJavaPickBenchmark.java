package io.peregrine.jmh;

import io.grpc.CallOptions;
import io.grpc.LoadBalancer;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.pick.GrpcJavaPolicy;
import io.peregrine.jmh.server.StreamServer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** What a pick costs in grpc-java, with the picker of its round_robin policy, whose counter all threads share. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class GrpcJavaPickBenchmark {
    private static final int BACK_ENDS = 1_000;

    private final LoadBalancer.SubchannelPicker picker = GrpcJavaPolicy.pickerOf("round_robin", BACK_ENDS);
    private final LoadBalancer.PickSubchannelArgs call = new Call();

    /** One thread. */
    @Benchmark
    @Threads(1)
    public LoadBalancer.PickResult roundRobinOneThread() {
        return picker.pickSubchannel(call);
    }

    /** Two threads; the time is each one's. */
    @Benchmark
    @Threads(2)
    public LoadBalancer.PickResult roundRobinTwoThreads() {
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
