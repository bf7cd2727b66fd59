package io.peregrine.jmh;

import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.peer.Peer;
import io.peregrine.jmh.server.EchoServer;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Unary calls of 100 bytes both ways by one caller that waits for each. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 10, time = 1)
@Measurement(iterations = 5, time = 1)
public class BlockingUnaryBenchmark {
    /** The client. */
    @Param({"peregrine", "grpc-java", "grpc-java-tuned"})
    public String peer = "";

    /** The kind of message. */
    @Param({"bytes", "protobuf"})
    public String payload = "";

    private Caller<?> caller;

    /** Connects. */
    @Setup
    public void connect() {
        caller = newCaller(Payload.named(payload));
        caller.call();
    }

    private <M> Caller<M> newCaller(Payload<M> sent) {
        return new Caller<>(Peer.named(peer).connect(EchoServer.givenAddress(), sent), sent.message());
    }

    /** Disconnects. */
    @TearDown
    public void close() {
        caller.client().close();
    }

    /** One call. */
    @Benchmark
    public Object call() {
        return caller.call();
    }

    private record Caller<M>(EchoClient<M> client, M request) {
        Object call() {
            return client.call(request);
        }
    }
}
