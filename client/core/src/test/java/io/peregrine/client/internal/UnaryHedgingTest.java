package io.peregrine.client.internal;

import static io.peregrine.client.internal.EngineFixture.REQUEST;
import static io.peregrine.client.internal.EngineFixture.UNARY;
import static io.peregrine.client.internal.EngineFixture.hedging;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryResponse;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure.Kind;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Hedges of unary calls, through each face that these have. */
class UnaryHedgingTest {
    private static final CallOptions HEDGED =
            hedging(HedgingPolicy.after(Duration.ofMillis(100)).maxAttempts(3).nonFatal(StatusCode.UNAVAILABLE));

    private EngineFixture fixture = new EngineFixture(3);

    @AfterEach
    void nothingIsLeft() {
        fixture.runCancels();
        fixture.assertSettled();
    }

    private void respond(int attempt) {
        fixture.of(fixture.attempt(attempt)).respond(fixture.attempt(attempt), 7);
    }

    private void refuse(int attempt, StatusCode code, String... fields) {
        fixture.of(fixture.attempt(attempt)).refuse(fixture.attempt(attempt), code, fields);
    }

    @Test
    void hg3ACallbackGetsTheFirstResponse() {
        EndRecorder end = fixture.unary(HEDGED);
        fixture.advanceMs(200);

        FakeTransport winner = fixture.of(fixture.attempt(1));
        winner.headers(fixture.attempt(1), "x-server", "b");
        winner.message(fixture.attempt(1), 7);
        winner.trailers(fixture.attempt(1), StatusCode.OK);

        assertThat(end.events).containsExactly("headers", "success");
        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void hg10EachAttemptSendsTheRequestAndItsEnd() {
        fixture.unary(HEDGED);
        fixture.advanceMs(200);

        for (Attempt<?> attempt : fixture.started) {
            assertThat(StreamAccess.takeMessages(attempt)).containsExactly(new byte[] {0, 0, 0, 0, 3, 1, 2, 3});
            assertThat(StreamAccess.isRequestTaken(attempt)).isTrue();
        }
        respond(0);
    }

    @Test
    void aBlockingCallReturnsTheFirstResponseWithItsMetadata() {
        BlockingCall<byte[], byte[]> call = new BlockingCall<>(fixture.dispatcher, UNARY, HEDGED);
        call.start(REQUEST);
        fixture.advanceMs(100);
        FakeTransport winner = fixture.of(fixture.attempt(1));
        winner.headers(fixture.attempt(1), "x-server", "b");
        winner.message(fixture.attempt(1), 7);
        winner.trailers(fixture.attempt(1), StatusCode.OK);

        UnaryResponse<byte[]> response = call.awaitResponse();

        assertThat(response.message()).containsExactly(7);
        assertThat(response.headers().get(Metadata.Key.of("x-server"))).isEqualTo("b");
    }

    @Test
    void aBlockingCallThrowsTheStatusWithAReportOfAllAttempts() {
        BlockingCall<byte[], byte[]> call = new BlockingCall<>(fixture.dispatcher, UNARY, HEDGED);
        call.start(REQUEST);
        refuse(0, StatusCode.UNAVAILABLE);
        refuse(1, StatusCode.ABORTED, "x-detail", "why");

        StatusException failure = catchThrowableOfType(StatusException.class, call::await);

        assertThat(failure.code()).isEqualTo(StatusCode.ABORTED);
        assertThat(failure.trailers().get(Metadata.Key.of("x-detail"))).isEqualTo("why");
        assertThat(Objects.requireNonNull(failure.report()).attempts())
                .extracting(attempt -> attempt.status().code())
                .containsExactly(StatusCode.UNAVAILABLE, StatusCode.ABORTED);
        assertThat(failure.getStackTrace()).isEmpty();
    }

    @Test
    void aFutureCompletesWithTheFirstResponse() {
        FutureCall<byte[], byte[]> call = new FutureCall<>(fixture.dispatcher, UNARY, HEDGED);
        call.start(REQUEST);
        fixture.advanceMs(100);

        respond(0);

        assertThat(call.future()).isCompletedWithValueMatching(response -> response[0] == 7);
    }

    @Test
    void aFutureFailsWithTheStatus() {
        FutureCall<byte[], byte[]> call = new FutureCall<>(fixture.dispatcher, UNARY, HEDGED);
        call.start(REQUEST);

        refuse(0, StatusCode.ABORTED);

        assertThat(call.future())
                .failsWithin(Duration.ZERO)
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(StatusException.class);
    }

    @Test
    void cancellingTheFutureCancelsAllAttempts() {
        FutureCall<byte[], byte[]> call = new FutureCall<>(fixture.dispatcher, UNARY, HEDGED);
        CompletableFuture<byte[]> future = call.future();
        call.start(REQUEST);
        fixture.advanceMs(100);

        future.cancel(true);

        assertThat(fixture.backends.stream()
                        .mapToInt(backend -> backend.toCancel.size())
                        .sum())
                .isEqualTo(2);
        fixture.runCancels();
        assertThat(future).isCancelled();
    }

    @Test
    void dl6ACallThatIsCancelledBeforeItsStartSendsNothing() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.newUnary(HEDGED, end);

        call.cancel();
        call.start(REQUEST);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(fixture.started).isEmpty();
    }

    @Test
    void dl6ACancelWhileItWaitsForAConnectionEndsIt() {
        fixture.pickers.publish(EngineFixture.queueing());
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.newUnary(HEDGED, end);
        call.start(REQUEST);
        fixture.advanceMs(100);

        call.cancel();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void theExecutorOfTheOptionsRunsTheHeadersAndTheEndOnce() {
        Queue<Runnable> tasks = new ArrayDeque<>();
        EndRecorder end = fixture.unary(HEDGED.withExecutor(tasks::add));
        FakeTransport winner = fixture.of(fixture.attempt(0));
        winner.headers(fixture.attempt(0), "x-server", "a");
        winner.message(fixture.attempt(0), 7);
        winner.trailers(fixture.attempt(0), StatusCode.OK);
        assertThat(end.events).isEmpty();

        tasks.forEach(Runnable::run);

        assertThat(end.events).containsExactly("headers", "success");
    }

    @Test
    void ca1OkWithoutAMessageIsInternal() {
        EndRecorder end = fixture.unary(HEDGED);

        fixture.of(fixture.attempt(0)).headers(fixture.attempt(0));
        fixture.of(fixture.attempt(0)).trailers(fixture.attempt(0), StatusCode.OK);

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
    }

    @Test
    void ca1ASecondMessageIsInternal() {
        EndRecorder end = fixture.unary(HEDGED);
        FakeTransport winner = fixture.of(fixture.attempt(0));
        winner.headers(fixture.attempt(0));
        winner.message(fixture.attempt(0), 7);

        winner.message(fixture.attempt(0), 8);
        fixture.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
    }

    @Test
    void d23ARequestOverTheLimitIsSentOnce() {
        fixture = new EngineFixture(3, new RetryLimits(true, 5, 7, 1 << 20), null);
        EndRecorder end = fixture.unary(HEDGED);
        fixture.advanceMs(1_000);
        assertThat(fixture.started).hasSize(1);

        refuse(0, StatusCode.UNAVAILABLE);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void rt13ASuccessGivesItsCreditOnce() {
        fixture.throttling(10, 0.5);
        fixture.unary(HEDGED);
        refuse(0, StatusCode.UNAVAILABLE);

        respond(1);

        assertThat(fixture.milliTokens()).isEqualTo(9_500);
    }

    @Test
    void ch9ShutdownNowIsCancelled() {
        EndRecorder end = fixture.unary(HEDGED);
        fixture.advanceMs(100);

        fixture.dispatcher.kill();
        fixture.of(fixture.attempt(0)).fail(fixture.attempt(0), Kind.CONNECTION_LOST);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void rt11HedgesThatFindNoConnectionFailWithThePickersStatus() {
        fixture.pickers.publish(info -> PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "down")));

        EndRecorder end = fixture.unary(HEDGED);

        assertThat(end.status().message()).isEqualTo("down");
    }
}
