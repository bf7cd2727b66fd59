package io.peregrine.grpcjava.internal.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.google.protobuf.BytesValue;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.protobuf.ProtoUtils;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.client.Marshaller;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Messages between grpc-java's marshallers and buffers. */
class MessageStreamsTest {
    private static final byte[] BYTES = {1, 2, 3, 4, 5};

    // ---- Out -------------------------------------------------------------------------------------------------

    @Test
    void aStreamThatCanBeDrainedIsNotRead() {
        class Drained extends InputStream implements Drainable, KnownLength {
            @Override
            public int drainTo(OutputStream target) throws IOException {
                target.write(BYTES);
                return BYTES.length;
            }

            @Override
            public int available() {
                return BYTES.length;
            }

            @Override
            public int read() {
                throw new AssertionError("read");
            }

            @Override
            public int read(byte[] to, int offset, int length) {
                throw new AssertionError("read");
            }
        }

        assertThat(written(OutboundStream.of(new Drained()))).isEqualTo(BYTES);
    }

    @Test
    void aStreamOfKnownLengthIsReadIntoTheBuffer() {
        class Known extends ByteArrayInputStream implements KnownLength {
            Known() {
                super(BYTES);
            }
        }

        assertThat(written(OutboundStream.of(new Known()))).isEqualTo(BYTES);
        assertThat(written(OutboundStream.of(new Known()).readNow())).isEqualTo(BYTES);
    }

    @Test
    void aStreamOfUnknownLengthIsReadBefore() {
        OutboundStream stream = OutboundStream.of(new ByteArrayInputStream(BYTES));

        assertThat(stream.size()).isEqualTo(BYTES.length);
        assertThat(written(stream)).isEqualTo(BYTES);
    }

    private static byte[] written(OutboundStream stream) {
        ByteBuf out = Unpooled.buffer();
        stream.writeTo(out);
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return bytes;
    }

    // ---- In --------------------------------------------------------------------------------------------------

    @Test
    void readsSkipsAndReturnsToItsMark() throws IOException {
        try (InboundStream stream = new InboundStream(Unpooled.wrappedBuffer(BYTES))) {
            assertThat(stream.available()).isEqualTo(5);
            assertThat(stream.read()).isEqualTo(1);
            assertThat(stream.markSupported()).isTrue();
            stream.mark(10);
            assertThat(stream.skip(2)).isEqualTo(2);
            assertThat(stream.readAllBytes()).containsExactly(4, 5);
            assertThat(stream.read()).isEqualTo(-1);
            stream.reset();
            assertThat(stream.readAllBytes()).containsExactly(2, 3, 4, 5);
        }
    }

    @Test
    void showsItsBytesWithoutACopy() {
        try (InboundStream stream = new InboundStream(Unpooled.wrappedBuffer(BYTES))) {
            assertThat(stream.byteBufferSupported()).isTrue();
            ByteBuffer shown = Objects.requireNonNull(stream.getByteBuffer());
            assertThat(shown.isReadOnly()).isTrue();
            assertThat(shown).isEqualTo(ByteBuffer.wrap(BYTES));
            assertThat(stream.skip(5)).isEqualTo(5);
            assertThat(stream.getByteBuffer()).isNull();
        }
    }

    @Test
    void showsTheFirstPartOfAMessageInSeveral() {
        ByteBuf parts = Unpooled.wrappedBuffer(new byte[] {1, 2}, new byte[] {3});
        try (InboundStream stream = new InboundStream(parts)) {
            assertThat(stream.getByteBuffer()).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2}));
            assertThat(stream.skip(2)).isEqualTo(2);
            assertThat(stream.getByteBuffer()).isEqualTo(ByteBuffer.wrap(new byte[] {3}));
        }
    }

    @Test
    void whatIsDetachedLastsUntilItIsClosed() throws IOException {
        ByteBuf message = Unpooled.directBuffer().writeBytes(BYTES);
        InputStream kept;
        try (InboundStream borrowed = new InboundStream(message)) {
            kept = borrowed.detach();
            assertThat(borrowed.available()).isZero();
            assertThatIllegalStateException().isThrownBy(borrowed::detach);
        }
        message.release();

        assertThat(kept.readAllBytes()).isEqualTo(BYTES);
        assertThat(message.refCnt()).isEqualTo(1);
        kept.close();
        kept.close();
        assertThat(message.refCnt()).isZero();
    }

    // ---- Protobuf --------------------------------------------------------------------------------------------

    @Test
    void onlyTheMarshallerOfGrpcProtobufIsPassedBy() {
        assertThat(StockMarshallers.isProtobuf(ProtoUtils.marshaller(BytesValue.getDefaultInstance())))
                .isTrue();
        assertThat(StockMarshallers.isProtobuf(new Own())).isFalse();
    }

    @Test
    void aMessageThatMayHoldExtensionsGoesThroughItsMarshaller() {
        assertThat(ExtensionFree.isSafe(ProtoUtils.marshaller(BytesValue.getDefaultInstance())))
                .isTrue();
        assertThat(ExtensionFree.isSafe(ProtoUtils.marshaller(Struct.getDefaultInstance())))
                .isTrue();
        assertThat(ExtensionFree.isSafe(ProtoUtils.marshaller(FileDescriptorProto.getDefaultInstance())))
                .as("options are extensible")
                .isFalse();
    }

    @Test
    void aSmallerRecursionLimitIsKept() {
        assertThat(ExtensionFree.isSafe(ProtoUtils.marshallerWithRecursionLimit(BytesValue.getDefaultInstance(), 50)))
                .isFalse();
    }

    @Test
    void aLargerRecursionLimitIsKept() throws Exception {
        Value deep = Value.newBuilder().setBoolValue(true).build();
        for (int i = 0; i < 60; i++) {
            deep = Value.newBuilder()
                    .setStructValue(Struct.newBuilder().putFields("f", deep))
                    .build();
        }
        MethodDescriptor.Marshaller<Value> marshaller =
                ProtoUtils.marshallerWithRecursionLimit(Value.getDefaultInstance(), 1000);
        Marshaller<Value> reader = StockMarshallers.reader(marshaller);

        assertThat(reader.read(Unpooled.wrappedBuffer(deep.toByteArray()))).isEqualTo(deep);
    }

    @Test
    void aMessageIsReadAsItsMarshallerReadsIt() throws Exception {
        UInt32Value message = UInt32Value.of(7);

        assertThat(StockMarshallers.reader(ProtoUtils.marshaller(UInt32Value.getDefaultInstance()))
                        .read(Unpooled.wrappedBuffer(message.toByteArray())))
                .isEqualTo(message);
    }

    private static final class Own implements MethodDescriptor.PrototypeMarshaller<BytesValue> {
        @Override
        public BytesValue getMessagePrototype() {
            return BytesValue.getDefaultInstance();
        }

        @Override
        public Class<BytesValue> getMessageClass() {
            return BytesValue.class;
        }

        @Override
        public InputStream stream(BytesValue message) {
            return new ByteArrayInputStream(message.toByteArray());
        }

        @Override
        public BytesValue parse(InputStream stream) {
            throw new AssertionError("not read");
        }
    }
}
