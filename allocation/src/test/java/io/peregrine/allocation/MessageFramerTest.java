package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class MessageFramerTest {
    private static final MessageCompressor HALVING =
            (message, out) -> out.writeBytes(message, message.readableBytes() / 2);

    private final CountingAllocator allocator = new CountingAllocator();

    @Test
    void writesFlagLengthAndMessageIntoOneDirectBuffer() {
        ByteBuf frame = MessageFramer.frame(allocator, new ArrayWriter(), new byte[] {7, 8, 9}, 3);

        assertThat(ByteBufUtil.getBytes(frame)).containsExactly(0, 0, 0, 0, 3, 7, 8, 9);
        assertThat(frame.isDirect()).isTrue();
        assertThat(allocator.allocated()).containsExactly(frame);
        frame.release();
    }

    @Test
    void sizesTheBufferOnce() {
        ByteBuf frame = MessageFramer.frame(allocator, new ArrayWriter(), new byte[70_000], 70_000);

        assertThat(frame.readableBytes()).isEqualTo(MessageFramer.PREFIX_BYTES + 70_000);
        assertThat(allocator.requestedCapacities()).containsExactly(MessageFramer.PREFIX_BYTES + 70_000);
        assertThat(frame.capacity()).isEqualTo(MessageFramer.PREFIX_BYTES + 70_000);
        frame.release();
    }

    @Test
    void framesAnEmptyMessageAsItsPrefix() {
        ByteBuf frame = MessageFramer.frame(allocator, new ArrayWriter(), new byte[0], 0);

        assertThat(ByteBufUtil.getBytes(frame)).containsExactly(0, 0, 0, 0, 0);
        frame.release();
    }

    @Test
    void acceptsTheLimitAndRefusesOneByteMoreBeforeItAllocates() {
        MessageFramer.frame(allocator, new ArrayWriter(), new byte[99], 100).release();
        MessageFramer.frame(allocator, new ArrayWriter(), new byte[100], 100).release();
        allocator.forget();

        assertThatThrownBy(() -> MessageFramer.frame(allocator, new ArrayWriter(), new byte[101], 100))
                .isInstanceOfSatisfying(MessageSizeException.class, refusal -> {
                    assertThat(refusal.size()).isEqualTo(101);
                    assertThat(refusal.limit()).isEqualTo(100);
                    assertThat(refusal.getStackTrace()).isEmpty();
                })
                .hasMessage("message of 101 bytes is over the limit of 100 bytes");

        assertThat(allocator.allocated()).isEmpty();
    }

    @Test
    void ms1PutsTheFlagAndTheCompressedLengthBeforeACompressedMessage() throws IOException {
        ByteBuf frame = MessageFramer.frame(allocator, new ArrayWriter(), new byte[] {7, 8, 9}, 3, HALVING);

        assertThat(ByteBufUtil.getBytes(frame)).containsExactly(1, 0, 0, 0, 1, 7);
        assertThat(frame.isDirect()).isTrue();
        frame.release();
        assertThat(allocator.allReleased()).isTrue();
    }

    @Test
    void compressesIntoABufferThatIsSizedOnce() throws IOException {
        ByteBuf frame = MessageFramer.frame(allocator, new ArrayWriter(), new byte[1000], 1000, HALVING);

        assertThat(allocator.requestedCapacities()).containsExactly(1000, MessageFramer.PREFIX_BYTES + 1000);
        assertThat(frame.capacity()).isEqualTo(MessageFramer.PREFIX_BYTES + 1000);
        frame.release();
    }

    @Test
    void takesACompressedFormThatIsLargerThanTheMessage() throws IOException {
        MessageCompressor doubling = (message, out) -> {
            int size = message.readableBytes();
            out.writeBytes(message, message.readerIndex(), size).writeBytes(message);
        };

        ByteBuf frame = MessageFramer.frame(allocator, new ArrayWriter(), new byte[300], 300, doubling);

        assertThat(frame.readableBytes()).isEqualTo(MessageFramer.PREFIX_BYTES + 600);
        assertThat(frame.getInt(1)).isEqualTo(600);
        frame.release();
    }

    @Test
    void ms4SendsAMessageWithoutBytesUncompressed() throws IOException {
        ByteBuf frame = MessageFramer.frame(allocator, new ArrayWriter(), new byte[0], 0, (message, out) -> {
            throw new AssertionError("compressed nothing");
        });

        assertThat(ByteBufUtil.getBytes(frame)).containsExactly(0, 0, 0, 0, 0);
        frame.release();
    }

    @Test
    void ms2JudgesTheSizeBeforeCompressionAndAllocatesNothingForAMessageOverIt() {
        assertThatThrownBy(() -> MessageFramer.frame(allocator, new ArrayWriter(), new byte[101], 100, HALVING))
                .isInstanceOf(MessageSizeException.class)
                .hasMessage("message of 101 bytes is over the limit of 100 bytes");

        assertThat(allocator.allocated()).isEmpty();
    }

    @Test
    void releasesBothBuffersWhenTheCompressorThrows() {
        IOException fault = new IOException("no room");

        assertThatThrownBy(() -> MessageFramer.frame(allocator, new ArrayWriter(), new byte[9], 9, (message, out) -> {
                    throw fault;
                }))
                .isSameAs(fault);

        assertThat(allocator.allocated()).hasSize(2);
        assertThat(allocator.allReleased()).isTrue();
    }

    @Test
    void releasesTheFirstBufferWhenThereIsNoSecond() {
        allocator.failAfter(1);

        assertThatThrownBy(() -> MessageFramer.frame(allocator, new ArrayWriter(), new byte[9], 9, HALVING))
                .isInstanceOf(OutOfMemoryError.class);

        assertThat(allocator.allReleased()).isTrue();
    }

    @Test
    void refusesAMessageThatDoesNotFitBehindAPrefixInOneBuffer() {
        MessageWriter<byte[]> enormous = new MisbehavingWriter(Integer.MAX_VALUE, 0);

        assertThatThrownBy(() -> MessageFramer.frame(allocator, enormous, new byte[0], Integer.MAX_VALUE))
                .hasMessage("message of 2147483647 bytes is over the limit of 2147483642 bytes");

        assertThat(allocator.allocated()).isEmpty();
    }

    @Test
    void refusesANegativeLimitOrSize() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MessageFramer.frame(allocator, new ArrayWriter(), new byte[0], -1))
                .withMessage("maxMessageBytes: -1 (expected: 0 or more)");
        assertThatIllegalStateException()
                .isThrownBy(() -> MessageFramer.frame(allocator, new MisbehavingWriter(-5, 0), new byte[0], 10))
                .withMessage("encodedSize: -5 bytes (expected: 0 or more)");
        assertThat(allocator.allocated()).isEmpty();
    }

    @Test
    void releasesTheBufferOnceWhenTheWriterThrows() {
        RuntimeException failure = new RuntimeException("the writer failed");
        MessageWriter<byte[]> failing = new MessageWriter<>() {
            @Override
            public int encodedSize(byte[] message) {
                return 10;
            }

            @Override
            public void write(byte[] message, ByteBuf out) {
                out.writeByte(1);
                throw failure;
            }
        };

        assertThatThrownBy(() -> MessageFramer.frame(allocator, failing, new byte[10], 10))
                .isSameAs(failure);

        assertReleasedOnce();
    }

    @Test
    void releasesTheBufferOnceWhenTheWriterWritesTooLittle() {
        assertThatIllegalStateException()
                .isThrownBy(() -> MessageFramer.frame(allocator, new MisbehavingWriter(10, 9), new byte[0], 10))
                .withMessage("wrote: 9 bytes (expected: 10 bytes, the encoded size)");

        assertReleasedOnce();
    }

    @Test
    void releasesTheBufferOnceWhenTheWriterWritesTooMuch() {
        assertThatIllegalStateException()
                .isThrownBy(() -> MessageFramer.frame(allocator, new MisbehavingWriter(10, 5_000), new byte[0], 10))
                .withMessage("wrote: 5000 bytes (expected: 10 bytes, the encoded size)");

        assertReleasedOnce();
    }

    /** A second release would have thrown IllegalReferenceCountException in place of the failure asserted before. */
    private void assertReleasedOnce() {
        assertThat(allocator.allocated()).hasSize(1).allMatch(buffer -> buffer.refCnt() == 0);
    }

    private static final class ArrayWriter implements MessageWriter<byte[]> {
        @Override
        public int encodedSize(byte[] message) {
            return message.length;
        }

        @Override
        public void write(byte[] message, ByteBuf out) {
            out.writeBytes(message);
        }
    }

    private record MisbehavingWriter(int promised, int written) implements MessageWriter<byte[]> {
        @Override
        public int encodedSize(byte[] message) {
            return promised;
        }

        @Override
        public void write(byte[] message, ByteBuf out) {
            out.writeZero(written);
        }
    }
}
