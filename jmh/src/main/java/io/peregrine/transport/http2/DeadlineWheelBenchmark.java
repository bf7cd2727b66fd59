package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.transport.header.RequestHeaders;
import io.peregrine.transport.header.ResponseHeaders;
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

/**
 * What a deadline costs a call: set when it begins, cancelled when it ends, with others outstanding. The deadlines are
 * 3 us apart, as those of 333 000 calls a second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class DeadlineWheelBenchmark {
    private static final int STREAMS = 1 << 17;
    private static final long GAP_NS = 3_000;
    private static final long TIMEOUT_NS = TimeUnit.MINUTES.toNanos(10);

    /** How many calls are under way. */
    @Param({"1", "100", "1000"})
    public int outstanding;

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final DeadlineWheel wheel = DeadlineWheel.of(channel.eventLoop());
    private final TransportStream[] streams = new TransportStream[STREAMS];
    private int next;

    /** Makes the streams and begins the first calls. */
    @Setup
    public void begin() {
        long firstNs = LoopClock.nanoTime(channel.eventLoop()) + TIMEOUT_NS;
        for (int i = 0; i < STREAMS; i++) {
            streams[i] = new SilentStream(firstNs + i * GAP_NS);
            streams[i].owner = stream -> {
                throw new AssertionError("a deadline passed: the benchmark takes too long");
            };
        }
        for (int i = 0; i < outstanding; i++) {
            wheel.schedule(streams[i]);
        }
        next = outstanding;
    }

    /** Ends what is under way. */
    @TearDown
    public void end() {
        for (TransportStream stream : streams) {
            wheel.cancel(stream);
        }
        channel.finish();
    }

    /** A call begins and the oldest one ends. */
    @Benchmark
    public void scheduleAndCancel() {
        wheel.schedule(streams[next & (STREAMS - 1)]);
        wheel.cancel(streams[(next - outstanding) & (STREAMS - 1)]);
        next++;
    }

    /** Nothing comes. */
    private static final class SilentStream extends TransportStream {
        private static final RequestHeaders HEADERS = RequestHeaders.grpc(false, "host", "/service/method", "agent");

        SilentStream(long deadlineNs) {
            super(null);
            prepare(HEADERS, Unpooled.EMPTY_BUFFER, deadlineNs, 0);
        }

        @Override
        protected boolean onHeaders(ResponseHeaders headers) {
            throw new AssertionError(headers);
        }

        @Override
        protected void onMessage(ByteBuf message, boolean compressed) {
            throw new AssertionError(message);
        }

        @Override
        protected void onForeignBody(ByteBuf data) {
            throw new AssertionError(data);
        }

        @Override
        protected void onTrailers(ResponseHeaders trailers, boolean trailersOnly) {
            throw new AssertionError(trailers);
        }

        @Override
        protected void onFailure(StreamFailure failure) {
            throw new AssertionError(failure);
        }
    }
}
