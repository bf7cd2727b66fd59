package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages out of DATA, however it is cut (SPEC MS-1), and refused by their length before it costs anything (MS-2). */
class MessageDeframerTest {
    private static final int LIMIT = 4 * 1024 * 1024;

    private final CountingAllocator allocator = new CountingAllocator();
    private final MessageDeframer deframer = new MessageDeframer(allocator, LIMIT);
    private final List<byte[]> received = new ArrayList<>();
    private final MessageDeframer.Sink sink = (message, compressed) -> received.add(ByteBufUtil.getBytes(message));

    @AfterEach
    void everythingTheDeframerAllocatedIsReleased() {
        deframer.close();
        assertThat(allocator.allReleased()).isTrue();
    }

    @Test
    void handsOutTheFrameItselfNarrowedToTheMessage() {
        ByteBuf data = Unpooled.buffer().writeByte(99);
        data.readByte();
        writeMessage(data, 0, new byte[] {1, 2, 3});
        writeMessage(data, 1, new byte[0]);
        writeMessage(data, 0, new byte[] {4});
        List<String> seen = new ArrayList<>();

        deframer.deframe(data, (message, compressed) -> {
            assertThat(message).isSameAs(data);
            seen.add(ByteBufUtil.hexDump(message) + (compressed ? " compressed" : ""));
        });

        assertThat(seen).containsExactly("010203", " compressed", "04");
        assertThat(allocator.allocated()).isEmpty();
        assertBorrowed(data);
        data.release();
    }

    @Test
    void findsTheNextMessageWhereverTheSinkLeftTheIndices() {
        ByteBuf data = Unpooled.buffer();
        writeMessage(data, 0, new byte[] {1, 2, 3});
        writeMessage(data, 0, new byte[] {4, 5});
        List<Integer> sizes = new ArrayList<>();

        deframer.deframe(data, (message, compressed) -> {
            sizes.add(message.readableBytes());
            message.clear();
        });

        assertThat(sizes).containsExactly(3, 2);
        assertBorrowed(data);
        data.release();
    }

    @Test
    void handsOutABodyInPlaceThoughItsPrefixWasInAnEarlierFrame() {
        feed(new byte[] {0, 0, 0, 0, 2});
        assertThat(deframer.isMidMessage()).isTrue();
        ByteBuf data = Unpooled.wrappedBuffer(new byte[] {7, 8});

        deframer.deframe(data, (message, compressed) -> assertThat(message).isSameAs(data));

        assertThat(allocator.allocated()).isEmpty();
        assertThat(deframer.isMidMessage()).isFalse();
        data.release();
    }

    @Test
    void aMessageTheSinkRetainedOutlivesTheFrameAndTheDeframer() {
        ByteBuf data = Unpooled.buffer();
        writeMessage(data, 0, new byte[] {1, 2});
        List<ByteBuf> kept = new ArrayList<>();

        deframer.deframe(data, (message, compressed) -> kept.add(message.retainedSlice()));
        data.release();
        deframer.close();

        assertThat(ByteBufUtil.getBytes(kept.get(0))).containsExactly(1, 2);
        kept.get(0).release();
        assertThat(data.refCnt()).isZero();
    }

    @Test
    void collectsLargePartsAsSlicesOfTheFrames() {
        byte[] body = numbered(3 * MessageDeframer.MIN_RETAINED_BYTES);
        byte[] wire = framed(0, body);
        ByteBuf first = Unpooled.wrappedBuffer(Arrays.copyOf(wire, 1500));
        ByteBuf second = Unpooled.wrappedBuffer(Arrays.copyOfRange(wire, 1500, wire.length));

        deframer.deframe(first, sink);
        assertThat(first.refCnt()).isEqualTo(2);
        deframer.deframe(second, (message, compressed) -> {
            assertThat(message).isInstanceOf(CompositeByteBuf.class);
            sink.onMessage(message, compressed);
        });

        assertThat(received).containsExactly(body);
        assertThat(allocator.requestedCapacities()).isEmpty();
        assertBorrowed(first);
        assertBorrowed(second);
        first.release();
        second.release();
    }

    @Test
    void copiesPartsBelowTheThresholdSoThatTheyPinNoFrame() {
        byte[] body = numbered(2 * MessageDeframer.MIN_RETAINED_BYTES - 2);
        byte[] wire = framed(0, body);
        int cut = MessageFramer.PREFIX_BYTES + MessageDeframer.MIN_RETAINED_BYTES - 1;
        ByteBuf first = Unpooled.wrappedBuffer(Arrays.copyOf(wire, cut));

        deframer.deframe(first, sink);
        assertBorrowed(first);
        feed(Arrays.copyOfRange(wire, cut, wire.length));

        assertThat(received).containsExactly(body);
        first.release();
    }

    /** The peer declares 4 MiB and sends it byte by byte: what is reserved follows what was sent. */
    @Test
    void reservesInProportionToTheBytesReceivedAndNotToTheLengthDeclared() {
        ByteBuf data = Unpooled.directBuffer(1);
        for (byte next : framed(0, new byte[0], LIMIT)) {
            drip(data, next);
        }
        for (int sent = 1; sent <= 300_000; sent++) {
            drip(data, (byte) sent);
            if (Integer.bitCount(sent) == 1 || sent % 10_000 == 0) {
                assertThat(allocator.reservedBytes())
                        .isLessThanOrEqualTo(Math.max(MessageDeframer.MIN_COPY_BUFFER_BYTES, 2L * sent));
            }
        }

        assertThat(deframer.isMidMessage()).isTrue();
        assertBorrowed(data);
        data.release();
    }

    private void drip(ByteBuf data, byte next) {
        data.clear().writeByte(next);
        deframer.deframe(data, sink);
    }

    @Test
    void handsOutAWholeMessageWithoutADeframer() {
        ByteBuf data = Unpooled.buffer();
        writeMessage(data, 1, new byte[] {1, 2, 3});
        writeMessage(data, 0, new byte[0]);
        List<String> seen = new ArrayList<>();
        MessageDeframer.Sink narrowed = (message, compressed) -> {
            assertThat(message).isSameAs(data);
            seen.add(ByteBufUtil.hexDump(message) + (compressed ? " compressed" : ""));
        };

        assertThat(MessageDeframer.tryDeframeWhole(data, 3, narrowed)).isTrue();
        assertThat(MessageDeframer.tryDeframeWhole(data, 3, narrowed)).isTrue();
        assertThat(MessageDeframer.tryDeframeWhole(data, 3, narrowed)).isFalse();

        assertThat(seen).containsExactly("010203 compressed", "");
        assertBorrowed(data);
        data.release();
    }

    /** Too short for a prefix, short of a byte, over the limit (as an int, and beyond all ints), a reserved flag. */
    @ParameterizedTest
    @ValueSource(strings = {"00000000", "0000000003aabb", "0000000005aabbccddee", "00ffffffffaabb", "0200000001aa"})
    void leavesToADeframerWhatIsNotWholeOrNotAcceptable(String wire) {
        ByteBuf data = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(wire));

        assertThat(MessageDeframer.tryDeframeWhole(data, 4, sink)).isFalse();

        assertThat(data.readerIndex()).isZero();
        assertThat(received).isEmpty();
        data.release();
    }

    @Test
    void acceptsTheLimitAndRefusesOneByteMore() {
        for (int size : new int[] {99, 100}) {
            MessageDeframer limited = new MessageDeframer(allocator, 100);
            ByteBuf data = Unpooled.wrappedBuffer(framed(0, numbered(size)));
            limited.deframe(data, sink);
            data.release();
        }
        assertThat(received).extracting(message -> message.length).containsExactly(99, 100);

        MessageDeframer limited = new MessageDeframer(allocator, 100);
        assertRefused(
                limited,
                framed(0, numbered(101)),
                DeframingException.Kind.MESSAGE_TOO_LARGE,
                "message of 101 bytes exceeds maximum size of 100 bytes");
    }

    @ParameterizedTest
    @CsvSource({"2147483648", "4294967295", "4194305", "5000000"})
    void judgesTheLengthAsUnsignedBeforeAnythingIsHeld(long declared) {
        byte[] wire = framed(0, numbered(10), (int) declared);

        assertRefused(
                deframer,
                wire,
                DeframingException.Kind.MESSAGE_TOO_LARGE,
                "message of " + declared + " bytes exceeds maximum size of 4194304 bytes");

        assertThat(allocator.allocated()).isEmpty();
    }

    @Test
    void refusesLengthsAboveAllIntsWhenTheLimitIsTheLargestInt() {
        assertRefused(
                new MessageDeframer(allocator, Integer.MAX_VALUE),
                framed(0, new byte[0], 1 << 31),
                DeframingException.Kind.MESSAGE_TOO_LARGE,
                "message of 2147483648 bytes exceeds maximum size of 2147483647 bytes");
    }

    @Test
    void judgesALengthThatArrivesByteByByte() {
        feed(new byte[] {0, (byte) 0xff, (byte) 0xff, (byte) 0xff});

        assertRefused(
                deframer,
                new byte[] {(byte) 0xff},
                DeframingException.Kind.MESSAGE_TOO_LARGE,
                "message of 4294967295 bytes exceeds maximum size of 4194304 bytes");
    }

    @ParameterizedTest
    @ValueSource(ints = {0x02, 0x03, 0x10, 0x80, 0x81, 0xff})
    void refusesReservedFlagsAtTheirFirstByte(int flag) {
        String message = String.format("message flag: 0x%02x (expected: 0x00 or 0x01)", flag);

        assertRefused(deframer, new byte[] {(byte) flag}, DeframingException.Kind.RESERVED_FLAG, message);
        assertRefused(
                new MessageDeframer(allocator, LIMIT),
                framed(flag, numbered(10)),
                DeframingException.Kind.RESERVED_FLAG,
                message);
    }

    @Test
    void deliversTheMessagesBeforeABadPrefixAndNoneAfterIt() {
        ByteBuf data = Unpooled.buffer();
        writeMessage(data, 0, new byte[] {1});
        writeMessage(data, 2, new byte[] {2});
        writeMessage(data, 0, new byte[] {3});

        assertThatThrownBy(() -> deframer.deframe(data, sink)).isInstanceOf(DeframingException.class);
        feed(framed(0, new byte[] {4}));

        assertThat(received).containsExactly(new byte[] {1});
        assertBorrowed(data);
        data.release();
    }

    @Test
    void isMidMessageInsideAPrefixOrABodyAndNowhereElse() {
        byte[] wire = framed(0, numbered(3));
        assertThat(deframer.isMidMessage()).isFalse();
        for (int at = 0; at < wire.length; at++) {
            feed(new byte[] {wire[at]});
            assertThat(deframer.isMidMessage()).as("after byte %d", at).isEqualTo(at < wire.length - 1);
        }
        assertThat(received).hasSize(1);
    }

    @Test
    void closeInTheMiddleReleasesWhatIsHeldAndDiscardsTheRest() {
        byte[] wire = framed(0, numbered(10_000));
        ByteBuf slices = Unpooled.wrappedBuffer(Arrays.copyOf(wire, 5_000));
        deframer.deframe(slices, sink);
        feed(Arrays.copyOfRange(wire, 5_000, 5_100));
        assertThat(slices.refCnt()).isEqualTo(2);

        deframer.close();
        deframer.close();

        assertThat(slices.refCnt()).isEqualTo(1);
        assertThat(allocator.allReleased()).isTrue();
        assertThat(deframer.isMidMessage()).isFalse();
        feed(Arrays.copyOfRange(wire, 5_100, wire.length));
        feed(framed(0, numbered(1)));
        assertThat(received).isEmpty();
        slices.release();
    }

    @Test
    void stopsDeliveringWhenTheSinkClosesItInsideAMessageInPlace() {
        ByteBuf data = Unpooled.buffer();
        writeMessage(data, 0, new byte[] {1});
        writeMessage(data, 0, new byte[] {2});

        deframer.deframe(data, (message, compressed) -> {
            deframer.close();
            sink.onMessage(message, compressed);
        });

        assertThat(received).containsExactly(new byte[] {1});
        assertBorrowed(data);
        data.release();
    }

    @Test
    void keepsACollectedMessageValidWhenTheSinkClosesItInside() {
        byte[] body = numbered(5_000);
        byte[] wire = framed(0, body);
        feed(Arrays.copyOf(wire, 3_000));
        ByteBuf rest = Unpooled.buffer().writeBytes(wire, 3_000, wire.length - 3_000);
        writeMessage(rest, 0, new byte[] {2});

        deframer.deframe(rest, (message, compressed) -> {
            deframer.close();
            sink.onMessage(message, compressed);
        });

        assertThat(received).containsExactly(body);
        assertBorrowed(rest);
        rest.release();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 50, 3_000})
    void closesAndReleasesWhenTheSinkThrows(int firstFrameBytes) {
        RuntimeException failure = new RuntimeException("the sink failed");
        byte[] wire = framed(0, numbered(5_000));
        ByteBuf first = Unpooled.wrappedBuffer(Arrays.copyOf(wire, firstFrameBytes));
        ByteBuf rest = Unpooled.buffer().writeBytes(wire, firstFrameBytes, wire.length - firstFrameBytes);
        writeMessage(rest, 0, new byte[] {2});
        deframer.deframe(first, sink);

        assertThatThrownBy(() -> deframer.deframe(rest, (message, compressed) -> {
                    throw failure;
                }))
                .isSameAs(failure);
        feed(framed(0, new byte[] {3}));

        assertThat(received).isEmpty();
        assertThat(allocator.allReleased()).isTrue();
        assertThat(first.refCnt()).isEqualTo(1);
        assertBorrowed(rest);
        first.release();
        rest.release();
    }

    /** Fails each allocation of a message once: the first composite, the copies, and so on. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void releasesEverythingWhenAnAllocationFails(int allowed) {
        byte[] wire = framed(0, numbered(20_000));
        allocator.failAfter(allowed);
        ByteBuf large = Unpooled.wrappedBuffer(Arrays.copyOf(wire, 5_000));
        ByteBuf small = Unpooled.wrappedBuffer(Arrays.copyOfRange(wire, 5_000, 5_900));

        assertThatThrownBy(() -> {
                    deframer.deframe(large, sink);
                    while (true) {
                        small.readerIndex(0);
                        deframer.deframe(small, sink);
                    }
                })
                .isInstanceOf(OutOfMemoryError.class);

        assertThat(allocator.allReleased()).isTrue();
        assertBorrowed(large);
        assertThat(small.refCnt()).isEqualTo(1);
        large.release();
        small.release();
    }

    @Test
    void refusesANegativeLimit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MessageDeframer(allocator, -1))
                .withMessage("maxMessageBytes: -1 (expected: 0 or more)");
    }

    private void feed(byte[] bytes) {
        ByteBuf data = Unpooled.wrappedBuffer(bytes);
        deframer.deframe(data, sink);
        assertThat(data.isReadable()).isFalse();
        data.release();
    }

    private void assertRefused(MessageDeframer refusing, byte[] wire, DeframingException.Kind kind, String message) {
        ByteBuf data = Unpooled.wrappedBuffer(wire);
        assertThatThrownBy(() -> refusing.deframe(data, sink))
                .isInstanceOfSatisfying(DeframingException.class, refusal -> {
                    assertThat(refusal.kind()).isEqualTo(kind);
                    assertThat(refusal.getStackTrace()).isEmpty();
                })
                .hasMessage(message);
        assertThat(refusing.isMidMessage()).isFalse();
        assertBorrowed(data);
        data.release();
    }

    private static void assertBorrowed(ByteBuf data) {
        assertThat(data.refCnt()).isEqualTo(1);
        assertThat(data.isReadable()).isFalse();
    }

    private static byte[] framed(int flag, byte[] body) {
        return framed(flag, body, body.length);
    }

    private static byte[] framed(int flag, byte[] body, int declared) {
        ByteBuf wire = Unpooled.buffer().writeByte(flag).writeInt(declared).writeBytes(body);
        return ByteBufUtil.getBytes(wire);
    }

    private static void writeMessage(ByteBuf data, int flag, byte[] body) {
        data.writeByte(flag).writeInt(body.length).writeBytes(body);
    }

    private static byte[] numbered(int size) {
        byte[] body = new byte[size];
        for (int i = 0; i < size; i++) {
            body[i] = (byte) (i ^ i >> 8);
        }
        return body;
    }
}
