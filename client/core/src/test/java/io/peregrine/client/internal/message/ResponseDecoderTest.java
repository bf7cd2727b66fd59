package io.peregrine.client.internal.message;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.compression.Codec;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.compression.DeflateCodec;
import java.io.IOException;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseDecoderTest {
    private static final int LIMIT = 1000;

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

    @AfterEach
    void releasesWhatItTook() {
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    @Test
    void ms5NoEncodingAndIdentityNeedNoCodec() {
        assertThat(ResponseDecoder.codecOf(Codecs.defaults(), block(":status", "200")))
                .isNull();
        assertThat(ResponseDecoder.codecOf(Codecs.defaults(), block("grpc-encoding", "identity")))
                .isNull();
        assertThat(ResponseDecoder.codecOf(Codecs.defaults(), block("grpc-encoding", "gzip")))
                .isSameAs(Codecs.gzip());
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy", "", "gzip,deflate"})
    void ms5AnUnknownEncodingIsInternal(String encoding) {
        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> ResponseDecoder.codecOf(Codecs.defaults(), block("grpc-encoding", encoding)))
                .withMessage("INTERNAL: grpc-encoding of the response: \"" + encoding
                        + "\" (expected one of: identity, gzip)");
    }

    @Test
    void ms5ACompressedMessageWithoutACodecIsInternal() {
        assertThatFailureOf(new byte[] {1}, true, null)
                .withMessage("INTERNAL: the response is compressed although its headers name no encoding");
    }

    @Test
    void ms1AMessageWithoutTheFlagIsReadAsItIsWhateverTheEncoding() {
        assertThat(read(new byte[] {1, 2}, false, Codecs.gzip())).containsExactly(1, 2);
    }

    static Stream<Codec> codecs() {
        return Stream.of(Codecs.gzip(), new DeflateCodec());
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void readsAMessageOfExactlyTheLimit(Codec codec) throws IOException {
        assertThat(read(compress(codec, LIMIT), true, codec)).hasSize(LIMIT);
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void ms2AMessageOverTheLimitIsResourceExhausted(Codec codec) throws IOException {
        byte[] compressed = compress(codec, LIMIT + 1);

        assertThatFailureOf(compressed, true, codec)
                .withMessage(
                        "RESOURCE_EXHAUSTED: response: message exceeds maximum size of 1000 bytes when decompressed");
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void ms2ABombCostsNoMoreThanTheLimit(Codec codec) throws IOException {
        byte[] bomb = compress(codec, 8 << 20);
        Marshaller<byte[]> unreached = new Reading(message -> {
            throw new AssertionError();
        });
        ByteBuf message = allocator.heapBuffer().writeBytes(bomb);

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> ResponseDecoder.read(unreached, message, true, codec, 1 << 20))
                .satisfies(failure -> assertThat(failure.status().code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED));

        message.release();
    }

    @ParameterizedTest
    @MethodSource("codecs")
    void ms5WhatCannotBeDecompressedIsInternalWithItsCause(Codec codec) {
        assertThatFailureOf(new byte[] {1, 2, 3}, true, codec)
                .withMessageStartingWith("INTERNAL: the response cannot be decompressed: ")
                .withCauseInstanceOf(IOException.class);
    }

    @Test
    void ms5ACodecThatIgnoresTheLimitIsStoppedByItsBuffer() {
        Codec greedy = new Codec() {
            @Override
            public String name() {
                return "greedy";
            }

            @Override
            public void compress(ByteBuf message, ByteBuf out) {
                throw new AssertionError();
            }

            @Override
            public void decompress(ByteBuf compressed, ByteBuf out, int maxBytes) {
                out.writeZero(LIMIT + 2);
            }
        };

        assertThatFailureOf(new byte[1], true, greedy)
                .withCauseInstanceOf(IndexOutOfBoundsException.class)
                .satisfies(failure -> assertThat(failure.status().code()).isEqualTo(StatusCode.INTERNAL));
    }

    @Test
    void aBufferThatCannotBeHadEndsTheCallOnly() {
        PooledByteBufAllocator exhausted = new PooledByteBufAllocator() {
            @Override
            protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
                throw new OutOfMemoryError("none left");
            }
        };
        ByteBuf message = exhausted.heapBuffer().writeByte(1);

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> ResponseDecoder.read(Marshallers.bytes(), message, true, Codecs.gzip(), LIMIT))
                .withMessage("INTERNAL: the response cannot be decompressed: java.lang.OutOfMemoryError: none left");

        message.release();
    }

    @Test
    void anUnlimitedCallReadsCompressedMessages() throws IOException {
        ByteBuf message = allocator.directBuffer().writeBytes(compress(Codecs.gzip(), 5000));

        assertThat(ResponseDecoder.read(Marshallers.bytes(), message, true, Codecs.gzip(), Integer.MAX_VALUE))
                .hasSize(5000);

        message.release();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void ms6AnyThingThatTheMarshallerThrowsIsInternalWithItsCause(boolean compressed) throws IOException {
        for (Throwable fault :
                new Throwable[] {new IOException("a"), new IllegalStateException(), new LinkageError()}) {
            ByteBuf message = allocator.directBuffer().writeBytes(compress(Codecs.gzip(), 10));
            Marshaller<byte[]> throwing = new Reading(bytes -> {
                throw fault;
            });

            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> ResponseDecoder.read(throwing, message, compressed, Codecs.gzip(), LIMIT))
                    .withMessage("INTERNAL: the response cannot be unmarshalled: " + fault)
                    .withCause(fault);
            message.release();
        }
    }

    private ThrowableAssertAlternative<StatusException> assertThatFailureOf(
            byte[] message, boolean compressed, @Nullable Codec codec) {
        return assertThatExceptionOfType(StatusException.class).isThrownBy(() -> read(message, compressed, codec));
    }

    private byte[] read(byte[] bytes, boolean compressed, @Nullable Codec codec) {
        ByteBuf message = allocator.directBuffer().writeBytes(bytes);
        try {
            return ResponseDecoder.read(Marshallers.bytes(), message, compressed, codec, LIMIT);
        } finally {
            message.release();
        }
    }

    private byte[] compress(Codec codec, int zeros) throws IOException {
        ByteBuf plain = allocator.directBuffer().writeZero(zeros);
        ByteBuf compressed = allocator.directBuffer();
        codec.compress(plain, compressed);
        byte[] bytes = ByteBufUtil.getBytes(compressed);
        plain.release();
        compressed.release();
        return bytes;
    }

    private interface Reader {
        byte[] read(ByteBuf message) throws Throwable;
    }

    private record Reading(Reader reader) implements Marshaller<byte[]> {
        @Override
        public byte[] read(ByteBuf message) throws Exception {
            try {
                return reader.read(message);
            } catch (Exception | Error thrown) {
                throw thrown;
            } catch (Throwable other) {
                throw new AssertionError(other);
            }
        }

        @Override
        public int encodedSize(byte[] message) {
            throw new AssertionError();
        }

        @Override
        public void write(byte[] message, ByteBuf out) {
            throw new AssertionError();
        }
    }
}
