package io.peregrine.client.internal.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.peregrine.allocation.MessageSizeException;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.StatusException;
import io.peregrine.client.compression.Codec;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.compression.DeflateCodec;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RequestEncoderTest {
    private static final Marshaller<byte[]> BYTES = Marshallers.bytes();

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

    @AfterEach
    void releasesWhatItTook() {
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    @Test
    void ms1FramesAMessageAsItIsWithoutACodec() {
        assertThat(frame(new byte[] {7}, null)).containsExactly(0, 0, 0, 0, 1, 7);
    }

    @Test
    void ms1FramesACompressedMessageWithItsFlagAndItsCompressedLength() {
        byte[] frame = frame(new byte[1000], Codecs.gzip());

        assertThat(frame).hasSizeLessThan(100).startsWith(1, 0, 0, 0, frame.length - 5, 0x1f, 0x8b);
    }

    @Test
    void ms4SendsAMessageWithoutBytesUncompressed() {
        assertThat(frame(new byte[0], Codecs.gzip())).containsExactly(0, 0, 0, 0, 0);
    }

    @Test
    void ms4ACompressorThatIsNotInstalledIsInternal() {
        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> RequestEncoder.codecOf(Codecs.defaults(), "zstd"))
                .withMessage("INTERNAL: compressor: \"zstd\" (expected one of: identity, gzip)")
                .satisfies(failure -> assertThat(failure.getStackTrace()).isEmpty());
    }

    @Test
    void identityAndNoneNeedNoCodec() {
        assertThat(RequestEncoder.codecOf(Codecs.defaults(), null)).isNull();
        assertThat(RequestEncoder.codecOf(Codecs.defaults(), "identity")).isNull();
        assertThat(RequestEncoder.codecOf(Codecs.defaults(), "gzip")).isSameAs(Codecs.gzip());
    }

    @Test
    void ms2AMessageOverTheLimitIsResourceExhaustedHoweverSmallItCompresses() {
        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> RequestEncoder.frame(allocator, BYTES, new byte[1001], 1000, Codecs.gzip()))
                .withMessage("RESOURCE_EXHAUSTED: request: message of 1001 bytes is over the limit of 1000 bytes")
                .satisfies(failure -> assertThat(failure.status().cause()).isInstanceOf(MessageSizeException.class));
    }

    @Test
    void ms6AMarshallerThatThrowsIsInternalWithItsCause() {
        Error fault = new StackOverflowError("too deep");

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> RequestEncoder.frame(allocator, new Throwing(fault), new byte[1], 10, null))
                .withMessage("INTERNAL: the request cannot be marshalled: " + fault)
                .withCause(fault);
    }

    @Test
    void ms6ACodecThatThrowsIsInternalWithItsCause() {
        IOException fault = new IOException("no dictionary");

        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> frame(new byte[1], new ThrowingCodec(fault)))
                .withMessage("INTERNAL: the request cannot be compressed: " + fault)
                .withCause(fault);
    }

    @Test
    void aCodecOfTheUsersServesAsWell() {
        assertThat(frame(new byte[1000], new DeflateCodec()))
                .hasSizeLessThan(100)
                .startsWith(1, 0, 0, 0);
    }

    private byte[] frame(byte[] message, @Nullable Codec codec) {
        ByteBuf frame = RequestEncoder.frame(allocator, BYTES, message, 1000, codec);
        byte[] octets = ByteBufUtil.getBytes(frame);
        frame.release();
        return octets;
    }

    private record Throwing(Error fault) implements Marshaller<byte[]> {
        @Override
        public byte[] read(ByteBuf message) {
            throw new AssertionError();
        }

        @Override
        public int encodedSize(byte[] message) {
            return message.length;
        }

        @Override
        public void write(byte[] message, ByteBuf out) {
            throw fault;
        }
    }

    private record ThrowingCodec(IOException fault) implements Codec {
        @Override
        public String name() {
            return "throwing";
        }

        @Override
        public void compress(ByteBuf message, ByteBuf out) throws IOException {
            out.writeZero(100_000);
            throw fault;
        }

        @Override
        public void decompress(ByteBuf compressed, ByteBuf out, int maxBytes) throws IOException {
            throw fault;
        }
    }
}
