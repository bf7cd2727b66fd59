package io.peregrine.jmh;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.Buffers;
import io.peregrine.allocation.ProtobufBuffers;
import java.io.IOException;
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

/** Protobuf into a direct buffer and out of one: ProtobufBuffers beside protobuf's own codec for direct buffers. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class ProtobufBenchmark {
    /** The bytes in the message. */
    @Param({"100", "4096", "262144"})
    public int size;

    private BytesValue message;
    private ByteBuf encoded;
    private ByteBuf target;

    /** Encodes one message to be read. */
    @Setup
    public void prepare() {
        message = BytesValue.of(ByteString.copyFrom(new byte[size]));
        encoded = Buffers.allocator().directBuffer(message.getSerializedSize());
        ProtobufBuffers.write(message, encoded);
        target = Buffers.allocator().directBuffer(message.getSerializedSize());
    }

    /** Releases the buffers. */
    @TearDown
    public void release() {
        encoded.release();
        target.release();
    }

    /** Writes, our way. */
    @Benchmark
    public int write() {
        ProtobufBuffers.write(message, target.clear());
        return target.writerIndex();
    }

    /** Writes with protobuf's encoder for direct buffers. */
    @Benchmark
    public int writeNio() throws IOException {
        int bytes = message.getSerializedSize();
        CodedOutputStream encoder = CodedOutputStream.newInstance(target.clear().nioBuffer(0, bytes));
        message.writeTo(encoder);
        encoder.flush();
        target.writerIndex(bytes);
        return target.writerIndex();
    }

    /** Reads, our way. */
    @Benchmark
    public BytesValue read() throws IOException {
        return ProtobufBuffers.read(BytesValue.parser(), encoded.readerIndex(0));
    }

    /** Reads with protobuf's decoder for direct buffers. */
    @Benchmark
    public BytesValue readNio() throws IOException {
        return BytesValue.parser().parseFrom(CodedInputStream.newInstance(encoded.nioBuffer(0, encoded.writerIndex())));
    }
}
