package io.peregrine.jmh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.peregrine.allocation.Buffers;
import io.peregrine.allocation.MessageDeframer;
import io.peregrine.allocation.MessageFramer;
import io.peregrine.client.Marshallers;
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

/** A message behind gRPC's prefix into a buffer, and out of DATA frames again. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class FramingBenchmark {
    /** The size of the message in bytes. */
    @Param({"100", "4096", "65536"})
    public int size;

    private final ByteBufAllocator allocator = Buffers.allocator();
    private final MessageDeframer.Sink counting = this::count;
    private byte[] message;
    private ByteBuf framed;
    private MessageDeframer deframer;
    private long receivedBytes;

    /** Frames one message to be deframed. */
    @Setup
    public void prepare() {
        message = new byte[size];
        framed = MessageFramer.frame(allocator, Marshallers.bytes(), message, Integer.MAX_VALUE);
        deframer = new MessageDeframer(allocator, Integer.MAX_VALUE);
    }

    /** Releases it. */
    @TearDown
    public void release() {
        framed.release();
    }

    private void count(ByteBuf received, boolean compressed) {
        receivedBytes += received.readableBytes();
    }

    /** Frames. */
    @Benchmark
    public int frame() {
        ByteBuf frame = MessageFramer.frame(allocator, Marshallers.bytes(), message, Integer.MAX_VALUE);
        int bytes = frame.readableBytes();
        frame.release();
        return bytes;
    }

    /** Deframes a message that lies in one frame. */
    @Benchmark
    public long deframeWhole() {
        deframer.deframe(framed.readerIndex(0), counting);
        return receivedBytes;
    }

    /** Deframes a message that two frames share. */
    @Benchmark
    public long deframeSplit() {
        int half = framed.writerIndex() / 2;
        int end = framed.writerIndex();
        deframer.deframe(framed.setIndex(0, half), counting);
        deframer.deframe(framed.setIndex(half, end), counting);
        return receivedBytes;
    }
}
