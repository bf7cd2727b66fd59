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
 * Messages from the server as fast as the client takes them, a few thousand in a call; one operation is a message. The
 * callbacks ask for all messages at once, the blocking caller for as many as its stream prefetches.
 *
 * <p>Shows CPU time and heap per message. Does not show the most that the client could receive: the server, a grpc-java
 * one, sends 1 KB messages more slowly than either client takes them, so that the time is the server's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 5, time = 1)
public class ServerStreamBenchmark {
    private static final int MESSAGES = 4_000;

    /** The client. */
    @Param({"peregrine", "grpc-java-tuned"})
    public String peer = "";

    /** How it is driven. */
    @Param
    public Face face = Face.BLOCKING;

    /** The size of a message. */
    @Param({"1024", "65536"})
    public int bytes;

    private StreamClient client;

    /** Connects. */
    @Setup
    public void connect() {
        client = StreamPeer.connect(peer, false);
    }

    /** Disconnects. */
    @TearDown
    public void close() {
        client.close();
    }

    /** The messages of one call. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public void receive() throws InterruptedException {
        client.receive(face, MESSAGES, bytes);
    }
}
