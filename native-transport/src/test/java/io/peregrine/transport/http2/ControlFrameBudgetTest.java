package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.concurrent.Ticker;
import io.peregrine.transport.http2.FloodLimits.Budget;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What this side sends, and how much of the server's frames it explains. */
class ControlFrameBudgetTest {
    private final EmbeddedChannel channel =
            EmbeddedChannel.builder().ticker(Ticker.newMockTicker()).build();
    private final FrameWriter writer = new FrameWriter(channel);

    @AfterEach
    void release() {
        writer.flush();
        channel.finishAndReleaseAll();
    }

    @Test
    void explainsAcknowledgementsByWhatThisSideSent() throws Http2Exception {
        ControlFrameBudget budget = budget(Budget.PING, 1);
        for (int i = 0; i < 5000; i++) {
            writer.ping(i);
            budget.spend(Budget.PING);
        }

        budget.spend(Budget.PING);

        assertThatExceptionOfType(Http2Exception.class)
                .isThrownBy(() -> budget.spend(Budget.PING))
                .matches(error -> error.error() == Http2Error.ENHANCE_YOUR_CALM)
                .withMessage("more than 1 PING frames in 1500 ms (limit: FloodLimits.Budget.PING)");
    }

    @Test
    void countsDataOfLessThanAnEmptyMessageUnlessItEndsTheStream() throws Http2Exception {
        ControlFrameBudget budget = budget(Budget.TINY_DATA, 1);
        budget.onData(0, true);
        budget.onData(4, true);
        budget.onData(4, false);

        for (int i = 0; i < 8; i++) {
            budget.onData(4, false);
        }

        assertThatExceptionOfType(Http2Exception.class).isThrownBy(() -> budget.onData(0, false));
        budget.onData(5, false);
        budget.onData(0, false);
    }

    @Test
    void explainsCreditByTheBytesThatWereSent() throws Http2Exception {
        ControlFrameBudget budget = budget(Budget.WINDOW_UPDATE, 1);
        writer.data(1, Unpooled.wrappedBuffer(new byte[4096]), 0, 4096, false);

        for (int i = 0; i < 1 + 4 + 4096 / 512; i++) {
            budget.spend(Budget.WINDOW_UPDATE);
        }

        assertThatExceptionOfType(Http2Exception.class)
                .isThrownBy(() -> budget.spend(Budget.WINDOW_UPDATE))
                .satisfies(error -> assertThat(error.error()).isEqualTo(Http2Error.ENHANCE_YOUR_CALM));
    }

    private ControlFrameBudget budget(Budget budget, int frames) {
        FloodLimits limits = FloodLimits.builder()
                .budget(budget, frames)
                .interval(Duration.ofMillis(1_500))
                .build();
        return new ControlFrameBudget(channel.eventLoop(), limits, writer);
    }
}
