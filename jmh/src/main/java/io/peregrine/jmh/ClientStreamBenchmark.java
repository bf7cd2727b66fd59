package io.peregrine.jmh;

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
 * Messages to the server as fast as it takes them, a few thousand in a call; one operation is a message. The client
 * {@code peregrine-corked} lets each 16 messages leave together; grpc-java has nothing like it, but both write what
 * gathers while the event loop is busy in one go. With a policy for retries a call keeps its messages until 1 MiB is
 * reached, and is then committed.
 *
 * <p>Shows CPU time and heap per message. Does not show the most that the client could send: the server, a grpc-java
 * one, takes messages more slowly than the clients give them, so that the time is the server's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 5, time = 1)
public class ClientStreamBenchmark {
    private static final int MESSAGES = 4_000;

    /** The client. */
    @Param({"peregrine", "peregrine-corked", "grpc-java-tuned"})
    public String peer = "";

    /** How it is driven. */
    @Param
    public Face face = Face.BLOCKING;

    /** The size of a message. */
    @Param({"1024", "65536"})
    public int bytes;

    /** Whether a retry policy is in force. */
    @Param("false")
    public boolean retry;

    private StreamClient client;
    private byte[] message = {};

    /** Connects. */
    @Setup
    public void connect() {
        client = StreamPeer.connect(peer, retry);
        message = new byte[bytes];
    }

    /** Disconnects. */
    @TearDown
    public void close() {
        client.close();
    }

    /** The messages of one call. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public void send() throws InterruptedException {
        client.send(face, MESSAGES, message);
    }
}
