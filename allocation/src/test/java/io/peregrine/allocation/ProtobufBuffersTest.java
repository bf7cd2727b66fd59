package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.AbstractParser;
import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.StringValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.testkit.Seeds;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProtobufBuffersTest {
    private static final int[] SIZES = {
        0, 1, 500, 600, 5_000, ProtobufBuffers.MAX_SCRATCH_BYTES - 4, ProtobufBuffers.MAX_SCRATCH_BYTES, 300_000
    };

    /** The kinds of buffer that a message can be written into and read from. */
    enum Kind {
        DIRECT,
        HEAP,
        HEAP_WITH_OFFSET,
        COMPOSITE_OF_ONE,
        COMPOSITE_OF_TWO,
        READ_ONLY_AFTERWARDS;

        /** An empty buffer with room for exactly so many bytes. */
        ByteBuf empty(int size) {
            return switch (this) {
                case DIRECT -> Buffers.allocator().directBuffer(size);
                case HEAP, READ_ONLY_AFTERWARDS -> Unpooled.buffer(size);
                case HEAP_WITH_OFFSET ->
                    Unpooled.buffer(size + 3).slice(3, size).setIndex(0, 0);
                case COMPOSITE_OF_ONE -> composite(size);
                case COMPOSITE_OF_TWO -> composite(size / 2, size - size / 2);
            };
        }

        ByteBuf readable(ByteBuf written) {
            return this == READ_ONLY_AFTERWARDS ? written.asReadOnly() : written;
        }

        private static ByteBuf composite(int... sizes) {
            CompositeByteBuf composite = Buffers.allocator().compositeDirectBuffer();
            for (int size : sizes) {
                composite.addComponent(
                        Buffers.allocator().directBuffer(size, size).writeZero(size));
            }
            return composite;
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsWrittenIsReadFromAnyKindOfBuffer(Kind kind) throws InvalidProtocolBufferException {
        SplittableRandom random = Seeds.random("what is written is read");
        for (int size : SIZES) {
            byte[] body = new byte[size];
            random.nextBytes(body);
            assertRoundTrip(kind, BytesValue.of(ByteString.copyFrom(body)), BytesValue.parser());
            assertRoundTrip(kind, StringValue.of("é".repeat(size / 2)), StringValue.parser());
            assertRoundTrip(kind, struct(size / 20), Struct.parser());
        }
    }

    private static <M extends MessageLite> void assertRoundTrip(Kind kind, M message, Parser<M> parser)
            throws InvalidProtocolBufferException {
        int size = ProtobufBuffers.encodedSize(message);
        ByteBuf buffer = kind.empty(size + 2);
        buffer.writeByte(42);

        ProtobufBuffers.write(message, buffer);

        assertThat(buffer.writerIndex()).isEqualTo(1 + size);
        assertThat(ByteBufUtil.getBytes(buffer, 1, size)).isEqualTo(message.toByteArray());
        ByteBuf readable = kind.readable(buffer);
        readable.skipBytes(1);
        assertThat(ProtobufBuffers.read(parser, readable)).isEqualTo(message);
        assertThat(readable.readableBytes()).isZero();
        assertThat(buffer.refCnt()).isEqualTo(1);
        buffer.release();
    }

    @ParameterizedTest
    @EnumSource
    void aMessageDoesNotReferToTheBufferItWasReadFrom(Kind kind) throws InvalidProtocolBufferException {
        for (int size : SIZES) {
            BytesValue message = BytesValue.of(ByteString.copyFromUtf8("x".repeat(size)));
            ByteBuf buffer = kind.empty(ProtobufBuffers.encodedSize(message));
            ProtobufBuffers.write(message, buffer);

            BytesValue read = ProtobufBuffers.read(BytesValue.parser(), kind.readable(buffer));
            buffer.setZero(0, buffer.writerIndex());

            assertThat(read).isEqualTo(message);
            buffer.release();
        }
    }

    @Test
    void aMessageDoesNotReferToTheArrayOfTheThread() throws InvalidProtocolBufferException {
        BytesValue first = BytesValue.of(ByteString.copyFromUtf8("a".repeat(1_000)));
        BytesValue second = BytesValue.of(ByteString.copyFromUtf8("b".repeat(1_000)));

        BytesValue firstRead = ProtobufBuffers.read(BytesValue.parser(), autoReleased(first));
        BytesValue secondRead = ProtobufBuffers.read(BytesValue.parser(), autoReleased(second));

        assertThat(firstRead).isEqualTo(first);
        assertThat(secondRead).isEqualTo(second);
    }

    /** A parser that reads another message before it looks at its own bytes. */
    @Test
    void aParserMayReadAnotherMessage() throws InvalidProtocolBufferException {
        StringValue inner = StringValue.of("inner ".repeat(50));
        StringValue outer = StringValue.of("outer ".repeat(50));
        Parser<StringValue> nested = new AbstractParser<>() {
            @Override
            public StringValue parsePartialFrom(CodedInputStream input, ExtensionRegistryLite registry)
                    throws InvalidProtocolBufferException {
                assertThat(ProtobufBuffers.read(StringValue.parser(), autoReleased(inner)))
                        .isEqualTo(inner);
                return StringValue.parser().parsePartialFrom(input, registry);
            }
        };
        assertThat(ProtobufBuffers.read(StringValue.parser(), autoReleased(outer)))
                .isEqualTo(outer);

        assertThat(ProtobufBuffers.read(nested, autoReleased(outer))).isEqualTo(outer);
    }

    @Test
    void keepsNoArrayOverTheLimit() {
        ByteBuf small = encoded(StringValue.of("small"));
        ByteBuf large = encoded(StringValue.of("x".repeat(ProtobufBuffers.MAX_SCRATCH_BYTES)));

        long smallBytes = LeastAllocation.of(() -> readAgain(small));
        long largeBytes = LeastAllocation.of(() -> readAgain(large));
        long smallBytesAfterLarge = LeastAllocation.of(() -> readAgain(large), () -> readAgain(small));

        assertThat(largeBytes).isGreaterThan(2L * ProtobufBuffers.MAX_SCRATCH_BYTES);
        assertThat(smallBytesAfterLarge).isEqualTo(smallBytes);
        small.release();
        large.release();
    }

    @Test
    void malformedBytesAreRefusedAndConsumed() {
        ByteBuf buffer = Buffers.allocator().directBuffer().writeBytes(new byte[] {0x0a, 5, 'a'});

        assertThatThrownBy(() -> ProtobufBuffers.read(StringValue.parser(), buffer))
                .isInstanceOf(InvalidProtocolBufferException.class);

        assertThat(buffer.isReadable()).isFalse();
        buffer.release();
    }

    @Test
    void aMessageBehindOneThatCouldNotBeReadIsRead() throws InvalidProtocolBufferException {
        StringValue good = StringValue.of("good");
        for (int i = 0; i < 10; i++) {
            malformedBytesAreRefusedAndConsumed();
            assertThat(ProtobufBuffers.read(StringValue.parser(), autoReleased(good)))
                    .isEqualTo(good);
        }
    }

    /** The lite runtime sees that a length goes past the end when it sets the limit, or not at all. */
    @Test
    void aLengthBeyondTheEndIsRefusedWhenItIsSetAsALimit() {
        Parser<StringValue> lite = new AbstractParser<>() {
            @Override
            public StringValue parsePartialFrom(CodedInputStream input, ExtensionRegistryLite registry)
                    throws InvalidProtocolBufferException {
                try {
                    int length = input.readRawVarint32();
                    int outer = input.pushLimit(length);
                    StringValue inner = StringValue.parser().parsePartialFrom(input, registry);
                    input.popLimit(outer);
                    return inner;
                } catch (InvalidProtocolBufferException refused) {
                    throw refused;
                } catch (IOException impossible) {
                    throw new AssertionError(impossible);
                }
            }
        };
        ByteBuf buffer = Buffers.allocator().directBuffer().writeBytes(new byte[] {0x7f, 0x0a, 1, 'a'});

        assertThatThrownBy(() -> ProtobufBuffers.read(lite, buffer)).isInstanceOf(InvalidProtocolBufferException.class);
        buffer.release();
    }

    @Test
    void anEndGroupTagWithoutAGroupIsRefusedRatherThanTakenForTheEnd() {
        ByteBuf buffer = Buffers.allocator().directBuffer().writeBytes(new byte[] {0x0c, 0x0a, 1, 'a'});

        assertThatThrownBy(() -> ProtobufBuffers.read(StringValue.parser(), buffer))
                .isInstanceOf(InvalidProtocolBufferException.class);
        buffer.release();
    }

    @Test
    void aMessageLongerOrShorterThanItsSizeIsRefused() {
        for (Kind kind : new Kind[] {Kind.DIRECT, Kind.HEAP}) {
            for (int claimed : new int[] {2, 200}) {
                ByteBuf out = kind.empty(500);
                assertThatIllegalStateException()
                        .isThrownBy(() -> ProtobufBuffers.write(new MisreportingMessage(claimed).proxy(), out));
                assertThat(out.writerIndex()).isZero();
                out.release();
            }
        }
    }

    /** A StringValue of nine encoded bytes that reports another size, as one changed meanwhile would. */
    private record MisreportingMessage(int claimed) {
        MessageLite proxy() {
            StringValue actual = StringValue.of("1234567");
            return (MessageLite) Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {MessageLite.class},
                    (proxy, method, arguments) ->
                            method.getName().equals("getSerializedSize") ? claimed : invoke(actual, method, arguments));
        }

        private static Object invoke(StringValue actual, Method method, Object[] arguments) throws Throwable {
            try {
                return method.invoke(actual, arguments);
            } catch (InvocationTargetException thrown) {
                throw thrown.getCause();
            }
        }
    }

    private static ByteBuf encoded(MessageLite message) {
        ByteBuf buffer = Buffers.allocator().directBuffer(ProtobufBuffers.encodedSize(message));
        ProtobufBuffers.write(message, buffer);
        return buffer;
    }

    /** A direct buffer that is not pooled: the collector frees it, so that a test line can stay one expression. */
    private static ByteBuf autoReleased(MessageLite message) {
        return Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(message.getSerializedSize())
                .put(message.toByteArray())
                .flip());
    }

    private static void readAgain(ByteBuf buffer) {
        try {
            buffer.readerIndex(0);
            ProtobufBuffers.read(StringValue.parser(), buffer);
        } catch (InvalidProtocolBufferException malformed) {
            throw new AssertionError(malformed);
        }
    }

    private static Struct struct(int fields) {
        Struct.Builder struct = Struct.newBuilder();
        for (int i = 0; i < fields; i++) {
            struct.putFields("field-" + i, Value.newBuilder().setNumberValue(i).build());
        }
        return struct.build();
    }
}
