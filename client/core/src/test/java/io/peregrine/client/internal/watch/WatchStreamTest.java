package io.peregrine.client.internal.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.testkit.VirtualTimer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** WR-7 and A17: the life of a stream that the channel keeps open, in virtual time. */
class WatchStreamTest {
    private final VirtualTimer timer = new VirtualTimer();
    private final List<Throwable> uncaught = new ArrayList<>();
    private final SyncContext context = new SyncContext(timer, uncaught::add);
    private final List<OpenedCall> opened = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private boolean failsAtOnce;

    private final WatchStream<String> watch =
            new WatchStream<>(this::open, context, timer::nanoTime, new WatchStream.Listener<String>() {
                @Override
                public void onMessage(String message) {
                    context.requireInContext();
                    told.add(message);
                }

                @Override
                public void onEnd(Status status) {
                    context.requireInContext();
                    told.add(status.code().toString());
                }
            });

    @Test
    void wr7MessagesAreToldAndAskedForOneByOne() {
        start();
        assertThat(last().requested).isEqualTo(1);

        last().callback.onMessage("first");
        last().callback.onMessage("second");

        assertThat(told).containsExactly("first", "second");
        assertThat(last().requested).isEqualTo(3);
    }

    @Test
    void wr7UnimplementedEndsItForThisConnection() {
        start();

        last().fail(StatusCode.UNIMPLEMENTED);

        assertThat(told).containsExactly("UNIMPLEMENTED");
        assertThat(timer.pending()).isZero();
        start();
        assertThat(opened).as("the connection is the same").hasSize(1);

        stop();
        start();
        assertThat(opened).as("of the next connection").hasSize(2);
    }

    @Test
    void wr7AnyOtherEndIsFollowedByAnotherStreamAfterTheBackoff() {
        start();

        last().fail(StatusCode.UNAVAILABLE);

        assertThat(timer.nextDelay()).isBetween(Duration.ofMillis(800), Duration.ofMillis(1200));
        timer.advance(timer.nextDelay());
        assertThat(opened)
                .as("opened now: the next backoff is counted from here")
                .hasSize(2);

        last().callback.onComplete(Metadata.EMPTY);
        assertThat(timer.nextDelay()).isBetween(Duration.ofMillis(1280), Duration.ofMillis(1920));
        assertThat(told).containsExactly("UNAVAILABLE", "OK");
    }

    @Test
    void wr7TheBackoffIsCountedFromTheStartOfTheStream() {
        start();
        timer.advance(Duration.ofSeconds(30));

        last().fail(StatusCode.INTERNAL);

        assertThat(timer.nextDelay()).isLessThanOrEqualTo(Duration.ZERO);
        timer.advance(Duration.ZERO);
        assertThat(opened).hasSize(2);
    }

    @Test
    void wr7AMessageResetsTheBackoff() {
        start();
        for (int i = 0; i < 5; i++) {
            last().fail(StatusCode.UNAVAILABLE);
            timer.advance(Duration.ofMinutes(3));
        }

        last().callback.onMessage("well");
        last().fail(StatusCode.UNAVAILABLE);
        timer.advance(Duration.ZERO);
        last().fail(StatusCode.UNAVAILABLE);

        assertThat(timer.nextDelay()).isLessThanOrEqualTo(Duration.ofMillis(1920));
    }

    @Test
    void wr7AServerThatEndsEachStreamAtOnceIsAskedAboutOnceInASecond() {
        start();
        for (int second = 0; second < 100; second++) {
            last().callback.onMessage("hello");
            last().fail(StatusCode.UNAVAILABLE);
            timer.advance(Duration.ofSeconds(1));
        }

        assertThat(opened).hasSizeLessThan(130);
    }

    @Test
    void hc5AfterAMessageTheNextStreamIsOpenedAtOnceHoweverYoungTheLastOneWas() {
        start();
        for (int n = 1; n <= 3; n++) {
            last().callback.onMessage("well");
            last().callback.onComplete(Metadata.EMPTY);
            timer.advance(Duration.ZERO);

            assertThat(opened).hasSize(n + 1);
        }

        last().callback.onComplete(Metadata.EMPTY);
        assertThat(timer.nextDelay()).as("without one").isBetween(Duration.ofMillis(800), Duration.ofMillis(1200));
    }

    @Test
    void hc5AServerThatAnswersAndEndsEachStreamAtOnceDoesNotKeepTheClientBusy() {
        start();
        for (int n = 0; n < 1000; n++) {
            last().callback.onMessage("well");
            last().callback.onComplete(Metadata.EMPTY);
            timer.advance(Duration.ZERO);
            if (timer.pending() > 0) {
                timer.advance(timer.nextDelay());
            }
        }

        assertThat(Duration.ofNanos(timer.nanoTime())).isGreaterThan(Duration.ofSeconds(700));
        timer.advance(Duration.ofSeconds(1));
        last().callback.onMessage("well");
        last().callback.onComplete(Metadata.EMPTY);
        assertThat(timer.nextDelay()).as("of one that has lived").isLessThanOrEqualTo(Duration.ZERO);
    }

    @Test
    void wr7StoppingCancelsTheStreamAndTellsNothingMore() {
        start();
        OpenedCall call = last();

        stop();
        call.callback.onMessage("late");
        call.fail(StatusCode.CANCELLED);

        assertThat(call.cancelled).isTrue();
        assertThat(told).isEmpty();
        assertThat(timer.pending()).isZero();
    }

    @Test
    void wr7StoppingWhileItWaitsLeavesNoTimer() {
        start();
        last().fail(StatusCode.UNAVAILABLE);

        stop();

        assertThat(timer.pending()).isZero();
        start();
        assertThat(opened).hasSize(2);
    }

    @Test
    void wr7AStreamThatFailsWhileItOpensIsTriedAgain() {
        failsAtOnce = true;

        start();

        assertThat(told).containsExactly("RESOURCE_EXHAUSTED");
        assertThat(timer.pending()).isEqualTo(1);
        assertThat(uncaught).isEmpty();
    }

    @Test
    void wr7AMessageOfAnOlderStreamIsNotTold() {
        start();
        OpenedCall old = last();
        stop();
        start();

        old.callback.onMessage("old");
        last().callback.onMessage("new");

        assertThat(told).containsExactly("new");
    }

    private void start() {
        context.execute(watch::start);
    }

    private void stop() {
        context.execute(watch::stop);
    }

    private OpenedCall last() {
        return opened.get(opened.size() - 1);
    }

    private ClientCall<?> open(StreamCallback<String> callback) {
        OpenedCall call = new OpenedCall(callback);
        opened.add(call);
        if (failsAtOnce) {
            call.fail(StatusCode.RESOURCE_EXHAUSTED);
        }
        return call;
    }

    private static final class OpenedCall implements ClientCall<Void> {
        private final StreamCallback<String> callback;
        private int requested;
        private boolean cancelled;

        OpenedCall(StreamCallback<String> callback) {
            this.callback = callback;
        }

        void fail(StatusCode code) {
            callback.onFailure(new StatusException(Status.of(code, "scripted")));
        }

        @Override
        public void request(int messages) {
            requested += messages;
        }

        @Override
        public void cancel() {
            cancelled = true;
        }

        @Override
        public void cancel(String reason, @Nullable Throwable cause) {
            cancelled = true;
        }

        @Override
        public boolean trySend(Void message) {
            throw new AssertionError("a watch sends one request");
        }

        @Override
        public boolean isWritable() {
            return false;
        }

        @Override
        public void closeSend() {}

        @Override
        public void cork() {}

        @Override
        public void flush() {}

        @Override
        public void compress(boolean on) {}
    }
}
