package io.peregrine.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Any split of any sequence of messages into DATA frames gives the same messages, and everything is released. */
class MessageDeframerProperties {
    private static final int SEQUENCES = 300;
    private static final int LIMIT = 1024 * 1024;
    private static final int[] SIZES = {0, 1, 4, 5, 100, 1023, 1024, 1025, 2047, 2048, 2049, 16_384, 65_536, 70_000};

    private record Message(boolean compressed, ByteString body) {}

    @Test
    void anySplitIntoFramesGivesTheSameMessages() {
        SplittableRandom random = Seeds.random("any split into frames gives the same messages");
        for (int round = 0; round < SEQUENCES; round++) {
            List<Message> sent = randomMessages(random);
            byte[] wire = wire(sent);
            int largestFrame = 1 << random.nextInt(1, 18);

            deframe(sent, wire, () -> random.nextInt(0, largestFrame + 1), random.nextBoolean());
        }
    }

    @Test
    void everySingleByteAsAFrameGivesTheSameMessages() {
        SplittableRandom random = Seeds.random("every single byte as a frame gives the same messages");
        for (int size : SIZES) {
            List<Message> sent = List.of(message(random, size), message(random, 0), message(random, 10));
            deframe(sent, wire(sent), () -> 1, false);
        }
    }

    @Test
    void everyCutInTwoGivesTheSameMessages() {
        SplittableRandom random = Seeds.random("every cut in two gives the same messages");
        List<Message> sent =
                List.of(message(random, 0), message(random, 1030), message(random, 1), message(random, 2060));
        byte[] wire = wire(sent);
        for (int cut = 0; cut <= wire.length; cut++) {
            int first = cut;
            int[] frames = {0};
            deframe(sent, wire, () -> frames[0]++ == 0 ? first : wire.length - first, true);
        }
    }

    private interface FrameSizes {
        int next();
    }

    /** Sends the wire in frames of the sizes given; checks messages, counts of references and what is left. */
    private static void deframe(List<Message> sent, byte[] wire, FrameSizes sizes, boolean pooled) {
        CountingAllocator allocator = new CountingAllocator();
        MessageDeframer deframer = new MessageDeframer(pooled ? Buffers.allocator() : allocator, LIMIT);
        List<Message> received = new ArrayList<>();
        List<ByteBuf> kept = new ArrayList<>();
        List<ByteBuf> frames = new ArrayList<>();
        MessageDeframer.Sink sink = (message, compressed) -> {
            received.add(new Message(compressed, ByteString.copyFrom(message.nioBuffer())));
            kept.add(message.retainedSlice());
            message.skipBytes(message.readableBytes());
        };

        for (int sentBytes = 0; sentBytes < wire.length; ) {
            int frameBytes = Math.min(sizes.next(), wire.length - sentBytes);
            // Never Unpooled.EMPTY_BUFFER, which does not count references.
            ByteBuf frame = Unpooled.buffer(Math.max(1, frameBytes)).writeBytes(wire, sentBytes, frameBytes);
            deframer.deframe(frame, sink);
            assertThat(frame.isReadable()).isFalse();
            assertThat(frame.refCnt()).isPositive();
            frame.release();
            frames.add(frame);
            sentBytes += frameBytes;
        }

        assertThat(deframer.isMidMessage()).isFalse();
        assertThat(received.equals(sent)).isTrue();
        for (int i = 0; i < kept.size(); i++) {
            assertThat(ByteString.copyFrom(kept.get(i).nioBuffer())
                            .equals(sent.get(i).body()))
                    .isTrue();
            kept.get(i).release();
        }
        // With the kept slices gone and the deframer still open, nothing may hold a frame.
        assertThat(frames).allMatch(frame -> frame.refCnt() == 0);
        assertThat(allocator.allReleased()).isTrue();
        deframer.close();
    }

    private static List<Message> randomMessages(SplittableRandom random) {
        List<Message> messages = new ArrayList<>();
        int count = random.nextInt(1, 8);
        for (int i = 0; i < count; i++) {
            int size = random.nextBoolean() ? SIZES[random.nextInt(SIZES.length)] : random.nextInt(3_000);
            messages.add(message(random, size));
        }
        return messages;
    }

    private static Message message(SplittableRandom random, int size) {
        byte[] body = new byte[size];
        random.nextBytes(body);
        return new Message(random.nextBoolean(), ByteString.copyFrom(body));
    }

    private static byte[] wire(List<Message> messages) {
        ByteBuf wire = Unpooled.buffer();
        for (Message message : messages) {
            wire.writeBoolean(message.compressed()).writeInt(message.body().size());
            wire.writeBytes(message.body().asReadOnlyByteBuffer());
        }
        return ByteBufUtil.getBytes(wire);
    }
}
