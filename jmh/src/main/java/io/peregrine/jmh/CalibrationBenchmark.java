package io.peregrine.jmh;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How fast a machine is at what our benchmarks do, without any code of ours, so that it changes only with the machine,
 * its kernel and the JDK. The regression gate divides by it.
 *
 * <p>A core and a kernel do not become slower by the same factor: mitigations, virtualisation and a loaded network
 * stack cost system calls and leave arithmetic alone. So there is one for each: {@link #cpu} for what stays in the
 * process, {@link #loopback} for what goes through a socket. Neither wakes another thread; where wake-ups are most of
 * a benchmark, another client in the same run is the better calibration.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class CalibrationBenchmark {
    private static final int BUFFER_BYTES = 4096;

    /** A gRPC message of 100 bytes with its prefix and frame headers is about as long. */
    private static final int MESSAGE_BYTES = 128;

    /** FNV-1a's offset and prime: a multiplication that waits for the one before, as in a hash of a header name. */
    private static final int FNV_OFFSET = 0x811c9dc5;

    private static final int FNV_PRIME = 0x01000193;

    private final byte[] source = new byte[BUFFER_BYTES];
    private final byte[] target = new byte[BUFFER_BYTES];
    private final ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE_BYTES);
    private SocketChannel near;
    private SocketChannel far;

    /** Fills the source with bytes whose branches no predictor learns, and connects the two ends of the loop. */
    @Setup
    public void prepare() throws IOException {
        int random = FNV_OFFSET;
        for (int i = 0; i < source.length; i++) {
            random = random * 1_664_525 + 1_013_904_223;
            source[i] = (byte) (random >>> 24);
        }
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            near = SocketChannel.open(listener.getLocalAddress());
            far = listener.accept();
        }
        near.setOption(StandardSocketOptions.TCP_NODELAY, true);
        far.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    /** Disconnects. */
    @TearDown
    public void close() throws IOException {
        near.close();
        far.close();
    }

    /** Copies 4 KiB and walks over the copy byte by byte: a dependent hash and a branch that depends on the data. */
    @Benchmark
    public int cpu() {
        System.arraycopy(source, 0, target, 0, BUFFER_BYTES);
        int hash = FNV_OFFSET;
        int negative = 0;
        for (byte value : target) {
            hash = (hash ^ value) * FNV_PRIME;
            if ((hash & value) < 0) {
                negative += hash;
            }
        }
        return hash + negative;
    }

    /** Sends 128 bytes there and back through TCP on loopback, in one thread: two writes, two reads, no wait. */
    @Benchmark
    public int loopback() throws IOException {
        pass(near, far);
        pass(far, near);
        return message.limit();
    }

    private void pass(SocketChannel from, SocketChannel to) throws IOException {
        message.clear();
        while (message.hasRemaining()) {
            from.write(message);
        }
        message.clear();
        while (message.hasRemaining()) {
            if (to.read(message) < 0) {
                throw new EOFException("the loopback connection was closed");
            }
        }
    }
}
