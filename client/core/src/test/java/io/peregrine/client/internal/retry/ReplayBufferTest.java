package io.peregrine.client.internal.retry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplayBufferTest {
    private static final String HALF_CLOSE = "half-close";

    private final ReplayBudget budget = new ReplayBudget(100);
    private final ReplayBuffer buffer = new ReplayBuffer(budget, 60);

    @Test
    void rt4ReplaysMessagesInOrderAndThenTheHalfClose() {
        add("one", "two", "three");
        buffer.halfClose();

        assertThat(replayed(buffer)).containsExactly("one", "two", "three", HALF_CLOSE);
        assertThat(replayed(buffer)).as("once more").containsExactly("one", "two", "three", HALF_CLOSE);
        assertThat(buffer.isHalfClosed()).isTrue();
        buffer.release();
    }

    @Test
    void rt4TheLastMessageEndsTheRequestsWhetherItIsKeptOrNot() {
        for (long maxBytes : new long[] {0, 100}) {
            ReplayBuffer ended = new ReplayBuffer(new ReplayBudget(100), maxBytes);
            ByteBuf message = Unpooled.wrappedBuffer(new byte[6]);

            assertThat(ended.tryAdd(message, true)).isEqualTo(maxBytes > 0);

            assertThat(ended.isHalfClosed()).isTrue();
            ended.release();
            message.release();
        }
    }

    @Test
    void rt4WithoutAHalfCloseTheReplayStaysOpen() {
        add("one");

        assertThat(replayed(buffer)).containsExactly("one");
        buffer.release();
    }

    @Test
    void rt4CountsTheBytesOfFramedMessages() {
        add("12345", "");
        buffer.tryAdd(Unpooled.copiedBuffer(new byte[10]).readerIndex(7));

        assertThat(buffer.size()).isEqualTo(3);
        assertThat(buffer.heldBytes()).isEqualTo(8);
        assertThat(budget.usedBytes()).isEqualTo(8);
        buffer.release();
    }

    @Test
    void rt4AMessageThatCrossesTheCallsLimitIsNotAdded() {
        ByteBuf fits = bytes(60);
        ByteBuf crosses = bytes(1);

        assertThat(buffer.tryAdd(fits)).as("the limit itself").isTrue();
        assertThat(buffer.tryAdd(crosses)).isFalse();

        assertThat(crosses.refCnt()).isEqualTo(1);
        assertThat(buffer.size()).isEqualTo(1);
        assertThat(budget.usedBytes()).isEqualTo(60);
        buffer.release();
    }

    @Test
    void rt3TheCallThatCrossesTheChannelsLimitIsTheOneThatIsTold() {
        ReplayBuffer other = new ReplayBuffer(budget, 60);
        assertThat(other.tryAdd(bytes(50))).isTrue();
        assertThat(buffer.tryAdd(bytes(50))).isTrue();

        ByteBuf crosses = bytes(1);
        assertThat(buffer.tryAdd(crosses)).isFalse();
        assertThat(crosses.refCnt()).isEqualTo(1);
        buffer.release();

        assertThat(other.tryAdd(bytes(10))).as("the other call goes on").isTrue();
        other.release();
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void rt3ABudgetOfNothingKeepsNothing() {
        ReplayBuffer none = new ReplayBuffer(new ReplayBudget(0), 60);

        assertThat(none.tryAdd(bytes(1))).isFalse();
    }

    @Test
    void d23TheLimitsByDefaultAreOneAndSixteenMebibytes() {
        assertThat(ReplayBuffer.DEFAULT_MAX_BYTES).isEqualTo(1024 * 1024);
        assertThat(ReplayBudget.DEFAULT_MAX_BYTES).isEqualTo(16 * 1024 * 1024);
    }

    @Test
    void rt5ReleaseGivesEveryReferenceBackExactlyOnce() {
        ByteBuf first = bytes(5);
        ByteBuf second = bytes(6);
        buffer.tryAdd(first);
        buffer.tryAdd(second);
        assertThat(first.refCnt()).isEqualTo(2);

        buffer.release();
        buffer.release();

        assertThat(first.refCnt()).isEqualTo(1);
        assertThat(second.refCnt()).isEqualTo(1);
        assertThat(buffer.isReleased()).isTrue();
        assertThat(buffer.size()).isZero();
        assertThat(buffer.heldBytes()).isZero();
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void rt5AReplayedMessageOutlivesTheBuffer() {
        ByteBuf original = bytes(5);
        buffer.tryAdd(original);
        original.release();
        List<ByteBuf> taken = new ArrayList<>();
        buffer.replayInto(collecting(taken));

        buffer.release();

        assertThat(taken.get(0).readableBytes()).isEqualTo(5);
        taken.get(0).release();
        assertThat(original.refCnt()).isZero();
    }

    @Test
    void rt5AnAttemptThatReadsItsMessageLeavesTheOthersWhole() {
        ByteBuf original = Unpooled.copiedBuffer(new byte[] {1, 2, 3});
        buffer.tryAdd(original);
        original.skipBytes(3);

        ByteBuf one = buffer.retained(0);
        one.skipBytes(2);
        ByteBuf two = buffer.retained(0);

        assertThat(two.readableBytes()).isEqualTo(3);
        one.release();
        two.release();
        buffer.release();
        assertThat(original.refCnt()).isEqualTo(1);
    }

    @Test
    void rt5AReleasedBufferAddsNothing() {
        buffer.release();
        ByteBuf late = bytes(1);

        assertThat(buffer.tryAdd(late)).isFalse();
        assertThat(late.refCnt()).isEqualTo(1);
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void hg10EachAttemptMayGoAtItsOwnPace() {
        add("one", "two");

        assertThat(text(buffer.retained(1))).isEqualTo("two");
        add("three");
        assertThat(text(buffer.retained(2))).isEqualTo("three");
        assertThat(text(buffer.retained(0))).isEqualTo("one");
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> buffer.retained(3));
        buffer.release();
    }

    @Test
    void aReplayGetsWhatIsAddedMeanwhile() {
        add("one");
        List<String> seen = new ArrayList<>();

        buffer.replayInto(new ReplayBuffer.Target() {
            @Override
            public void onMessage(ByteBuf framed) {
                seen.add(text(framed));
                if (buffer.size() < 3) {
                    add("more");
                }
            }

            @Override
            public void onHalfClose() {
                seen.add(HALF_CLOSE);
            }
        });

        assertThat(seen).containsExactly("one", "more", "more");
        buffer.release();
    }

    @Test
    void aReplayEndsWhenItsTargetCommitsTheCall() {
        add("one", "two");
        buffer.halfClose();
        List<String> seen = new ArrayList<>();

        buffer.replayInto(new ReplayBuffer.Target() {
            @Override
            public void onMessage(ByteBuf framed) {
                seen.add(text(framed));
                buffer.release();
            }

            @Override
            public void onHalfClose() {
                seen.add(HALF_CLOSE);
            }
        });

        assertThat(seen).containsExactly("one");
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void refusesMisuseInOneSentence() {
        buffer.halfClose();
        assertThatIllegalStateException()
                .isThrownBy(() -> buffer.tryAdd(bytes(1)))
                .withMessage("message 0 after the half-close");
        buffer.release();
        assertThatIllegalStateException()
                .isThrownBy(() -> buffer.replayInto(collecting(new ArrayList<>())))
                .withMessage("replay after the release (expected: before the call has committed)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ReplayBuffer(budget, -1))
                .withMessage("replay buffer: -1 bytes (expected: 0 or more)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ReplayBudget(-1))
                .withMessage("replay budget: -1 bytes (expected: 0 or more)");
        assertThat(new ReplayBudget(7)).hasToString("ReplayBudget[0/7 bytes]");
    }

    private void add(String... messages) {
        for (String message : messages) {
            ByteBuf framed = Unpooled.copiedBuffer(message, StandardCharsets.US_ASCII);
            assertThat(buffer.tryAdd(framed)).isTrue();
            framed.release();
        }
    }

    private static ByteBuf bytes(int length) {
        return Unpooled.buffer(length).writeZero(length);
    }

    private static List<String> replayed(ReplayBuffer from) {
        List<String> seen = new ArrayList<>();
        from.replayInto(new ReplayBuffer.Target() {
            @Override
            public void onMessage(ByteBuf framed) {
                seen.add(text(framed));
            }

            @Override
            public void onHalfClose() {
                seen.add(HALF_CLOSE);
            }
        });
        return seen;
    }

    private static ReplayBuffer.Target collecting(List<ByteBuf> taken) {
        return new ReplayBuffer.Target() {
            @Override
            public void onMessage(ByteBuf framed) {
                taken.add(framed);
            }

            @Override
            public void onHalfClose() {
                throw new AssertionError("there was no half-close");
            }
        };
    }

    /** Reads and releases. */
    private static String text(ByteBuf framed) {
        try {
            return framed.readCharSequence(framed.readableBytes(), StandardCharsets.US_ASCII)
                    .toString();
        } finally {
            framed.release();
        }
    }
}
