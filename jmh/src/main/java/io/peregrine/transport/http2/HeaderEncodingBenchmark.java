package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.peregrine.allocation.Buffers;
import io.peregrine.transport.header.HeaderBlockEncoder;
import io.peregrine.transport.header.RequestHeaders;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The header block of a gRPC request, in the steady state of the connection; beside Netty's encoder. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class HeaderEncodingBenchmark {
    private static final String PATH = "/helloworld.Greeter/SayHello";
    private static final String AUTHORITY = "greeter.internal:443";
    private static final String USER_AGENT = "grpc-java-peregrine/1.0";
    private static final long NO_TIMEOUT = Long.MAX_VALUE;

    private final HeaderBlockEncoder encoder = new HeaderBlockEncoder();
    private final RequestHeaders headers = RequestHeaders.grpc(true, AUTHORITY, PATH, USER_AGENT);
    private final DefaultHttp2HeadersEncoder nettyEncoder = new DefaultHttp2HeadersEncoder();
    private final AsciiString path = AsciiString.of(PATH);
    private final AsciiString authority = AsciiString.of(AUTHORITY);
    private final AsciiString userAgent = AsciiString.of(USER_AGENT);
    private final ByteBuf out = Buffers.allocator().directBuffer(1024);
    private long timeoutNs = TimeUnit.MILLISECONDS.toNanos(50);

    /** Releases the buffer. */
    @TearDown
    public void release() {
        out.release();
    }

    /** Ours, without a deadline. */
    @Benchmark
    public int peregrine() {
        encoder.encode(headers, NO_TIMEOUT, null, out.clear());
        return out.writerIndex();
    }

    /** Ours, with a deadline that differs each time. */
    @Benchmark
    public int peregrineWithTimeout() {
        timeoutNs ^= 1 << 20;
        encoder.encode(headers, timeoutNs, null, out.clear());
        return out.writerIndex();
    }

    /** Netty's, with headers built for the call as a client has to. */
    @Benchmark
    public int netty() throws Http2Exception {
        nettyEncoder.encodeHeaders(3, newHeaders(), out.clear());
        return out.writerIndex();
    }

    private Http2Headers newHeaders() {
        return new DefaultHttp2Headers(false)
                .method("POST")
                .scheme("https")
                .path(path)
                .authority(authority)
                .add("content-type", "application/grpc")
                .add("user-agent", userAgent)
                .add("te", "trailers");
    }
}
