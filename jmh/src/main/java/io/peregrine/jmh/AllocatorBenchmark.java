package io.peregrine.jmh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.peregrine.allocation.Buffers;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
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
import org.openjdk.jmh.annotations.Warmup;

/** Takes a direct buffer and gives it back, on an event loop's kind of thread and on a caller's. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class AllocatorBenchmark {
    /** The allocator behind {@link Buffers}. */
    @Param({"adaptive", "pooled"})
    public String kind = "";

    /** The size of the buffer in bytes. */
    @Param({"256", "4096", "65536"})
    public int size;

    private ByteBufAllocator allocator;

    /** Chooses the allocator, before anything uses it in this fork. */
    @Setup
    public void choose() {
        System.setProperty(Buffers.PROPERTY, kind);
        allocator = Buffers.allocator();
    }

    /** On a thread of the application. */
    @Benchmark
    @Fork(1)
    public boolean plainThread() {
        ByteBuf buffer = allocator.directBuffer(size);
        return buffer.release();
    }

    /** On a thread with Netty's fast thread locals. */
    @Benchmark
    @Fork(
            value = 1,
            jvmArgsAppend = {
                "-Djmh.executor=CUSTOM",
                "-Djmh.executor.class=io.peregrine.jmh.AllocatorBenchmark$FastThreadLocalExecutor"
            })
    public boolean fastThreadLocalThread() {
        ByteBuf buffer = allocator.directBuffer(size);
        return buffer.release();
    }

    /** Runs benchmarks on threads as event loops have them. Made by JMH. */
    public static final class FastThreadLocalExecutor extends ThreadPoolExecutor {
        /** The constructor that JMH calls. */
        public FastThreadLocalExecutor(int maxThreads, String prefix) {
            super(0, maxThreads, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), new DefaultThreadFactory(prefix, true));
        }
    }
}
