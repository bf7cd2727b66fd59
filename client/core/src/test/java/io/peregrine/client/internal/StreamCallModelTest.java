package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * P1 and P4 by exhaustion for calls with streams, as {@link UnaryCallModelTest} for unary ones: whatever happens, in
 * whatever order and at whatever point, the call ends exactly once, nothing of it is left, and it is processed only as
 * often as its policy allows. All sequences of two steps and one event are run.
 */
class StreamCallModelTest {
    private static final Status DOWN = Status.of(StatusCode.UNAVAILABLE, "down");
    private static final int ATTEMPTS = 3;
    private static final Duration HOUR = Duration.ofHours(1);

    private enum Event {
        PUBLISH_QUEUE,
        PUBLISH_READY,
        PUBLISH_FAIL,
        PUBLISH_DROP,
        SEND,
        CLOSE_SEND,
        REQUEST,
        CANCEL,
        NEXT_TIMER,
        TRANSPORT_CLOSED,
        TRANSPORT_OVERLOADED,
        TAKE,
        UNPROCESSED,
        REFUSED,
        LOST,
        STATUS_RETRYABLE,
        STATUS_FATAL,
        PUSHBACK,
        DEADLINE_ON_TRANSPORT,
        HEADERS,
        RESPONSE,
        KILL
    }

    private enum Point {
        /** Between two things that the call does. */
        ALONE,
        /** The next time that an attempt picks. */
        IN_PICK,
        /** The next time that one is given to a transport, before and after the transport has it. */
        BEFORE_ACCEPT,
        AFTER_ACCEPT,
        /** In the next callback. */
        IN_CALLBACK
    }

    private record Step(Event event, Point point) {}

    @Test
    void everyInterleavingEndsTheCallOnceWithoutAPolicy() {
        runAll(CallOptions.deadlineAfter(HOUR), 1);
    }

    @Test
    void everyInterleavingEndsTheCallOnceWithRetries() {
        RetryPolicy policy = RetryPolicy.fixed(Duration.ofMillis(100)).maxAttempts(ATTEMPTS);
        runAll(CallOptions.deadlineAfter(HOUR).withRetry(policy), ATTEMPTS);
    }

    @Test
    void everyInterleavingEndsTheCallOnceWithHedges() {
        HedgingPolicy policy = HedgingPolicy.after(Duration.ofMillis(100))
                .maxAttempts(ATTEMPTS)
                .nonFatal(StatusCode.UNAVAILABLE);
        runAll(CallOptions.deadlineAfter(HOUR).withHedging(policy), ATTEMPTS);
    }

    private static void runAll(CallOptions options, int maxProcessed) {
        List<Step> steps = new ArrayList<>();
        for (Event event : Event.values()) {
            for (Point point : Point.values()) {
                steps.add(new Step(event, point));
            }
        }
        for (boolean readyAtStart : new boolean[] {true, false}) {
            for (Step first : steps) {
                for (Step second : steps) {
                    for (Event third : Event.values()) {
                        List<Step> script = List.of(first, second, new Step(third, Point.ALONE));
                        new Run(options, maxProcessed, readyAtStart, script).run();
                    }
                }
            }
        }
    }

    /** One sequence on one call. */
    private static final class Run {
        private final EngineFixture fixture = new EngineFixture(1);
        private final FakeTransport transport = fixture.backends.get(0);
        private final StreamRecorder recorder = new StreamRecorder();
        private final StreamCall<byte[], byte[]> call;
        private final int maxProcessed;
        private final List<Step> script;
        private final List<Step> armed = new ArrayList<>();
        private boolean cancelled;
        private boolean closed;

        Run(CallOptions options, int maxProcessed, boolean readyAtStart, List<Step> script) {
            this.maxProcessed = maxProcessed;
            this.script = script;
            call = new StreamCall<>(fixture.dispatcher, EngineFixture.BIDI, options, recorder, null);
            fixture.pickers.publish(info -> {
                fire(Point.IN_PICK);
                return readyAtStart ? fixture.pick(info) : PickResult.queue();
            });
            transport.beforeAccept = () -> fire(Point.BEFORE_ACCEPT);
            transport.afterAccept = () -> fire(Point.AFTER_ACCEPT);
            recorder.onEvent = () -> fire(Point.IN_CALLBACK);
        }

        void run() {
            script.stream().filter(step -> step.point != Point.ALONE).forEach(armed::add);
            call.start();
            script.stream().filter(step -> step.point == Point.ALONE).forEach(step -> happen(step.event));
            armed.clear();
            transport.runCancels();
            boolean overdue = cancelled && recorder.ends() == 0;
            finish();
            if (overdue) {
                throw new AssertionError("still under way after its cancel: " + script);
            }
            if (recorder.ends() != 1 || !fixture.isSettled() || processed() > maxProcessed || isBehindTheEnd()) {
                // Built only for a failure: there are many runs.
                assertThat(recorder.ends()).as("ends after %s", script).isEqualTo(1);
                assertThat(processed()).as("processed after %s", script).isLessThanOrEqualTo(maxProcessed);
                assertThat(isBehindTheEnd())
                        .as("%s after %s", recorder.events, script)
                        .isFalse();
                try {
                    fixture.assertSettled();
                } catch (AssertionError left) {
                    throw new AssertionError("left after " + script, left);
                }
            }
        }

        private boolean isBehindTheEnd() {
            String last = recorder.events.get(recorder.events.size() - 1);
            return !last.equals("complete") && !last.startsWith("failure");
        }

        /** The attempts that a server may have seen. */
        private int processed() {
            return transport.started.size() - unseen;
        }

        private int unseen;

        /** What happens to every call in the end: the channel is shut down. */
        private void finish() {
            transport.answer = StartResult.CLOSED;
            fixture.dispatcher.kill();
            while (!transport.live.isEmpty()) {
                transport.fail(StreamFailure.Kind.CONNECTION_LOST);
            }
            fixture.pickers.publish(info -> PickResult.drop(DOWN));
        }

        private void fire(Point point) {
            for (Step step : List.copyOf(armed)) {
                if (step.point == point && armed.remove(step)) {
                    happen(step.event);
                }
            }
        }

        private void happen(Event event) {
            switch (event) {
                case PUBLISH_QUEUE ->
                    fixture.pickers.publish(info -> {
                        fire(Point.IN_PICK);
                        return PickResult.queue();
                    });
                case PUBLISH_READY -> {
                    transport.answer = StartResult.ACCEPTED;
                    fixture.pickers.publish(info -> {
                        fire(Point.IN_PICK);
                        return fixture.pick(info);
                    });
                }
                case PUBLISH_FAIL -> fixture.pickers.publish(info -> PickResult.fail(DOWN));
                case PUBLISH_DROP -> fixture.pickers.publish(info -> PickResult.drop(DOWN));
                case NEXT_TIMER -> {
                    if (fixture.timer.pending() > 0) {
                        fixture.timer.advance(fixture.timer.nextDelay());
                    }
                }
                case TRANSPORT_CLOSED -> transport.answer = StartResult.CLOSED;
                case TRANSPORT_OVERLOADED -> transport.answer = StartResult.OVERLOADED;
                case KILL -> fixture.dispatcher.kill();
                case SEND, CLOSE_SEND, REQUEST, CANCEL -> apply(event);
                default -> onStream(event);
            }
        }

        private void apply(Event event) {
            switch (event) {
                case SEND -> {
                    if (!closed) {
                        call.trySend(EngineFixture.REQUEST);
                    }
                }
                case CLOSE_SEND -> {
                    if (!closed) {
                        closed = true;
                        call.closeSend();
                    }
                }
                case REQUEST -> call.request(1);
                case CANCEL -> {
                    cancelled = true;
                    call.cancel();
                    transport.runCancels();
                }
                default -> throw new AssertionError(event);
            }
        }

        private void onStream(Event event) {
            if (transport.live.isEmpty()) {
                return;
            }
            Attempt<?> attempt = transport.live.get(0);
            switch (event) {
                case TAKE -> StreamAccess.takeMessages(attempt);
                case UNPROCESSED -> {
                    unseen++;
                    transport.fail(attempt, StreamFailure.Kind.UNPROCESSED);
                }
                case REFUSED -> {
                    unseen++;
                    transport.fail(attempt, StreamFailure.Kind.REFUSED);
                }
                case LOST -> transport.fail(attempt, StreamFailure.Kind.CONNECTION_LOST);
                case STATUS_RETRYABLE -> transport.refuse(attempt, StatusCode.UNAVAILABLE);
                case STATUS_FATAL -> transport.refuse(attempt, StatusCode.ABORTED);
                case PUSHBACK -> transport.refuse(attempt, StatusCode.UNAVAILABLE, "grpc-retry-pushback-ms", "50");
                case DEADLINE_ON_TRANSPORT -> transport.fail(attempt, StreamFailure.Kind.DEADLINE_EXCEEDED);
                case HEADERS -> transport.headers(attempt);
                case RESPONSE -> {
                    transport.headers(attempt);
                    if (transport.live.contains(attempt)) {
                        transport.message(attempt, 7);
                    }
                    if (transport.live.contains(attempt)) {
                        transport.trailers(attempt, StatusCode.OK);
                    }
                }
                default -> throw new AssertionError(event);
            }
        }
    }
}
