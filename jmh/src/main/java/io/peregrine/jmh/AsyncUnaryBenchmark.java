package io.peregrine.jmh;

import io.peregrine.jmh.driver.ClosedLoop;
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
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Unary calls of 100 bytes both ways over one connection, a number of them outstanding; one operation is a call. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 10, time = 1)
@Measurement(iterations = 5, time = 1)
public class AsyncUnaryBenchmark {
    private static final int CALLS = 10_000;

    /** The client. */
    @Param({"peregrine", "grpc-java", "grpc-java-tuned"})
    public String peer = "";

    /** The kind of message. */
    @Param({"bytes", "protobuf"})
    public String payload = "";

    /** The calls outstanding. */
    @Param({"1", "10", "100"})
    public int outstanding;

    private EchoClient<?> client;
    private ClosedLoop loop;

    /** Connects. */
    @Setup
    public void connect() {
        connect(Payload.named(payload));
    }

    private <M> void connect(Payload<M> sent) {
        EchoClient<M> connected = Peer.named(peer).connect(EchoServer.givenAddress(), sent);
        connected.call(sent.message());
        client = connected;
        loop = ClosedLoop.of(connected, sent, outstanding);
    }

    /** Disconnects. */
    @TearDown
    public void close() {
        client.close();
    }

    /** The calls. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void call() throws InterruptedException {
        loop.run(CALLS);
    }
}
