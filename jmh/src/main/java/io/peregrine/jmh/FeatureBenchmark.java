package io.peregrine.jmh;

import io.peregrine.jmh.driver.ClosedLoop;
import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Feature;
import io.peregrine.jmh.peer.GrpcJavaClient;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.peer.PeregrineClient;
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

/**
 * What a feature costs a call that has no use for it: unary calls of 100 bytes both ways, 100 outstanding, all of which
 * succeed at once; one operation is a call. To be compared with {@link Feature#NONE} of the same client.
 *
 * <p>Shows CPU time and heap per call where calls are cheapest, so that the feature is the greatest part. Does not show
 * what a feature costs when it acts: a retry, a second attempt, a token that is fetched, a breaker that opens.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 10, time = 1)
@Measurement(iterations = 5, time = 1)
public class FeatureBenchmark {
    private static final int CALLS = 10_000;
    private static final int OUTSTANDING = 100;

    /** The client. */
    @Param({"peregrine", "grpc-java-tuned"})
    public String peer = "";

    /** What the calls have; {@link Feature#BREAKER} and {@link Feature#TRACKED_PICK} are not for grpc-java. */
    @Param
    public Feature feature = Feature.NONE;

    private EchoClient<byte[]> client;
    private ClosedLoop loop;

    /** Connects. */
    @Setup
    public void connect() {
        Payload<byte[]> payload = Payload.ofBytes();
        String address = EchoServer.givenAddress();
        client = switch (peer) {
            case "peregrine" -> PeregrineClient.withFeature(address, payload, feature);
            case "grpc-java-tuned" -> GrpcJavaClient.tuned(ClientSetup.plaintext(address), payload, feature);
            default ->
                throw new IllegalArgumentException("peer: " + peer + " (expected: peregrine or grpc-java-tuned)");
        };
        client.call(payload.message());
        loop = ClosedLoop.of(client, payload, OUTSTANDING);
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
