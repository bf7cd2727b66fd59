package io.peregrine.client.internal;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Error;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * P1 and P4 by exhaustion: whatever happens to a call, in whatever order, and at whatever point of its way, it ends
 * exactly once, releases its request once, and is sent again only if the server cannot have seen it.
 *
 * <p>A step is an event and the point at which it happens: on its own, or, as if by another thread, in the middle of
 * what the call is doing. All sequences of two steps and one event are run.
 */
class UnaryCallModelTest {
    private static final Status DOWN = Status.of(StatusCode.UNAVAILABLE, "down");

    private enum Event {
        PUBLISH_QUEUE,
        PUBLISH_READY,
        PUBLISH_FAIL,
        PUBLISH_DROP,
        CANCEL,
        QUEUE_TIMER,
        TRANSPORT_CLOSED,
        TRANSPORT_OVERLOADED,
        REFUSED,
        UNPROCESSED,
        LOST,
        SERVER_CANCEL,
        DEADLINE_ON_TRANSPORT,
        RESPONSE,
        KILL
    }

    private enum Point {
        /** Between two things that the call does. */
        ALONE,
        /** The next time that the call picks. */
        IN_PICK,
        /** The next time that it is given to a transport, before and after the transport has it. */
        BEFORE_ACCEPT,
        AFTER_ACCEPT,
        /** Between the scheduling of its timer and its wait. */
        BEFORE_WAIT
    }

    private record Step(Event event, Point point) {}

    @Test
    void everyInterleavingEndsTheCallOnceWithFailFast() {
        runAll(CallOptions.deadlineAfter(Duration.ofHours(1)));
    }

    @Test
    void everyInterleavingEndsTheCallOnceWithWaitForReady() {
        runAll(CallOptions.deadlineAfter(Duration.ofHours(1)).withWaitForReady(true));
    }

    private static void runAll(CallOptions options) {
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
                        new Run(options, readyAtStart, List.of(first, second, new Step(third, Point.ALONE))).run();
                    }
                }
            }
        }
    }

    /** One sequence on one call. */
    private static final class Run {
        private final CallFixture fixture = new CallFixture();
        private final EndRecorder end = new EndRecorder();
        private final UnaryCall<byte[], byte[]> call;
        private final List<Step> script;
        private final List<Step> armed = new ArrayList<>();
        private int processed;
        private boolean cancelled;
        private boolean timedOut;

        Run(CallOptions options, boolean readyAtStart, List<Step> script) {
            this.script = script;
            call = fixture.call(options, end);
            fixture.pickers.publish(info -> {
                fire(Point.IN_PICK);
                return readyAtStart ? PickResult.of(fixture.ready) : PickResult.queue();
            });
            fixture.transport.beforeAccept = () -> fire(Point.BEFORE_ACCEPT);
            fixture.transport.afterAccept = () -> fire(Point.AFTER_ACCEPT);
            fixture.timer.onSchedule(() -> fire(Point.BEFORE_WAIT));
        }

        void run() {
            script.stream().filter(step -> step.point != Point.ALONE).forEach(armed::add);
            call.start(CallFixture.REQUEST);
            script.stream().filter(step -> step.point == Point.ALONE).forEach(step -> happen(step.event));
            armed.clear();
            boolean overdue = end.ends() == 0 && (cancelled || (timedOut && fixture.transport.live.isEmpty()));
            finish();
            if (overdue) {
                throw new AssertionError("still waiting after its cancel or its deadline: " + script);
            }
            if (end.ends() != 1 || !isReleased() || processed > 1) {
                // Built only for a failure: there are many runs.
                assertThat(end.ends()).as("ends after %s", script).isEqualTo(1);
                assertThat(processed).as("requests processed after %s", script).isLessThanOrEqualTo(1);
                fixture.assertAllReleased();
            }
        }

        /** What happens to every call in the end: the channel is shut down. */
        private void finish() {
            fixture.transport.answer = StartResult.CLOSED;
            fixture.transport.runCancels();
            fixture.dispatcher.kill();
            while (!fixture.transport.live.isEmpty()) {
                fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);
            }
            fixture.pickers.publish(info -> PickResult.drop(DOWN));
        }

        private boolean isReleased() {
            return fixture.allocator.metric().usedDirectMemory() == 0
                    && fixture.pickers.waiting() == 0
                    && fixture.timer.pending() == 0;
        }

        private void fire(Point point) {
            for (Step step : List.copyOf(armed)) {
                if (step.point == point && armed.remove(step)) {
                    happen(step.event);
                }
            }
        }

        private void happen(Event event) {
            FakeTransport transport = fixture.transport;
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
                        return PickResult.of(fixture.ready);
                    });
                }
                case PUBLISH_FAIL -> fixture.pickers.publish(info -> PickResult.fail(DOWN));
                case PUBLISH_DROP -> fixture.pickers.publish(info -> PickResult.drop(DOWN));
                case CANCEL -> {
                    cancelled = true;
                    call.cancel();
                }
                case QUEUE_TIMER -> timedOut |= fixture.timer.runPending() > 0;
                case TRANSPORT_CLOSED -> transport.answer = StartResult.CLOSED;
                case TRANSPORT_OVERLOADED -> transport.answer = StartResult.OVERLOADED;
                case REFUSED -> fail(StreamFailure.Kind.REFUSED, 0);
                case UNPROCESSED -> fail(StreamFailure.Kind.UNPROCESSED, 0);
                case LOST -> processed += fail(StreamFailure.Kind.CONNECTION_LOST, 0);
                case SERVER_CANCEL -> processed += fail(StreamFailure.Kind.RESET, Http2Error.CANCEL.code());
                case DEADLINE_ON_TRANSPORT -> processed += fail(StreamFailure.Kind.DEADLINE_EXCEEDED, 0);
                case RESPONSE -> respond();
                case KILL -> fixture.dispatcher.kill();
                default -> throw new AssertionError(event);
            }
            transport.runCancels();
        }

        private int fail(StreamFailure.Kind kind, long errorCode) {
            if (fixture.transport.live.isEmpty()) {
                return 0;
            }
            fixture.transport.fail(kind, errorCode);
            return 1;
        }

        private void respond() {
            if (!fixture.transport.live.isEmpty()) {
                processed++;
                Attempt<?> attempt = fixture.transport.take();
                attempt.onHeaders(block(":status", "200", "content-type", "application/grpc"));
                attempt.onMessage(Unpooled.wrappedBuffer(new byte[] {7}), false);
                attempt.onTrailers(block("grpc-status", "0"), false);
            }
        }
    }
}
