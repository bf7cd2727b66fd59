package io.peregrine.jmh;

import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.peer.stream.Face;
import io.peregrine.jmh.peer.stream.StreamClient;
import io.peregrine.jmh.peer.stream.StreamPeer;
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

/**
 * A message of 100 bytes goes to the server and comes back, on one open call, then the next; one operation is there and
 * back. With a policy for retries the call is committed to its attempt from the first answer on.
 *
 * <p>Shows what a message costs that has a system call and a wake-up each way to itself. Does not show the opening of
 * calls, several calls at once, or how latency is distributed; the time contains the server's work.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 5, time = 1)
public class PingPongBenchmark {
    private static final int ROUNDS = 1_000;

    /** The client. */
    @Param({"peregrine", "grpc-java-tuned"})
    public String peer = "";

    /** How it is driven. */
    @Param
    public Face face = Face.BLOCKING;

    /** Whether a retry policy is in force. */
    @Param("false")
    public boolean retry;

    private StreamClient client;
    private StreamClient.Exchange exchange;

    /** Connects and opens the call. */
    @Setup
    public void connect() {
        client = StreamPeer.connect(peer, retry);
        exchange = client.openExchange(face, new byte[Payload.BYTES]);
    }

    /** Ends the call and disconnects. */
    @TearDown
    public void close() {
        exchange.close();
        client.close();
    }

    /** The rounds. */
    @Benchmark
    @OperationsPerInvocation(ROUNDS)
    public void exchange() throws InterruptedException {
        exchange.run(ROUNDS);
    }
}
