package io.peregrine.client.internal;

import static io.peregrine.client.internal.EngineFixture.REQUEST;
import static io.peregrine.client.internal.EngineFixture.RETRY;
import static io.peregrine.client.internal.EngineFixture.retrying;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufUtil;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.client.internal.retry.TransparentRetries;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Retries of unary calls (SPEC 2.14), rule by rule, on virtual time. */
class UnaryRetryTest {
    private EngineFixture fixture = new EngineFixture();

    @AfterEach
    void nothingIsLeft() {
        fixture.assertSettled();
    }

    private FakeTransport backend() {
        return fixture.backends.get(0);
    }

    private void refuseLast(StatusCode code, String... fields) {
        backend().refuse(backend().last(), code, fields);
    }

    // ---- RT-1 to RT-6 ----------------------------------------------------------------------------------------

    @Test
    void rt1EachAttemptPicksAnew() {
        fixture = new EngineFixture(2);
        EndRecorder end = fixture.unary(retrying());

        fixture.of(fixture.attempt(0)).refuse(fixture.attempt(0), StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        fixture.of(fixture.attempt(1)).respond(fixture.attempt(1), 7);

        assertThat(end.response()).containsExactly(7);
        assertThat(fixture.of(fixture.attempt(0))).isNotSameAs(fixture.of(fixture.attempt(1)));
    }

    @Test
    void rt2WithRetriesDisabledPoliciesDoNotCountAndTransparentRetriesDo() {
        fixture = new EngineFixture(1, new RetryLimits(false, 5, 1 << 20, 1 << 20), null);
        EndRecorder end = fixture.unary(retrying());

        backend().fail(backend().last(), Kind.REFUSED);
        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(fixture.started).hasSize(2);
    }

    @Test
    void rt2WithoutAPolicyAFailureIsDelivered() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void rt3HeadersCommitTheCall() {
        EndRecorder end = fixture.unary(retrying());

        Attempt<?> attempt = backend().last();
        backend().headers(attempt);
        backend().trailers(attempt, StatusCode.UNAVAILABLE);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(fixture.started).hasSize(1);
    }

    @Test
    void rt3ALostConnectionBehindTheHeadersIsDelivered() {
        EndRecorder end = fixture.unary(retrying());

        backend().headers(backend().last());
        backend().fail(backend().last(), Kind.CONNECTION_LOST);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(fixture.started).hasSize(1);
    }

    @Test
    void rt3ADroppedPickIsDelivered() {
        fixture.pickers.publish(info -> PickResult.drop(Status.of(StatusCode.UNAVAILABLE, "dropped")));

        EndRecorder end = fixture.unary(retrying());

        assertThat(end.status().message()).isEqualTo("dropped");
    }

    @Test
    void rt4EachAttemptSendsTheSameBytes() {
        EndRecorder end = fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        byte[] framed = {0, 0, 0, 0, 3, 1, 2, 3};
        for (Attempt<?> attempt : fixture.started) {
            if (backend().live.contains(attempt)) {
                assertThat(ByteBufUtil.getBytes(StreamAccess.request(attempt))).isEqualTo(framed);
            }
        }
        backend().respond(backend().last(), 7);
        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void d23ARequestOverTheCallsLimitIsSentOnce() {
        // The message is framed: five bytes of prefix and three of its own.
        fixture = new EngineFixture(1, new RetryLimits(true, 5, 7, 1 << 20), null);
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void d23ARequestAtTheCallsLimitIsSentAgain() {
        fixture = new EngineFixture(1, new RetryLimits(true, 5, 8, 1 << 20), null);
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void rt6AttemptsTellHowManyCameBeforeAndTransparentOnesDoNotCount() {
        EndRecorder end = fixture.unary(retrying());
        backend().fail(backend().last(), Kind.UNPROCESSED);
        backend().fail(backend().last(), Kind.REFUSED);
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        backend().fail(backend().last(), Kind.UNPROCESSED);
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
        assertThat(fixture.previousAttempts()).containsExactly("", "", "", "1", "1", "2");
    }

    // ---- Transparent retries ---------------------------------------------------------------------------------

    @Test
    void rt7ClassAIsUnlimitedAndStopsAtAThousand() {
        EndRecorder end = fixture.unary(retrying());
        for (int i = 0; i < TransparentRetries.MAX_UNPROCESSED - 1; i++) {
            backend().fail(backend().last(), Kind.UNPROCESSED);
        }
        assertThat(end.ends()).isZero();

        backend().fail(backend().last(), Kind.UNPROCESSED);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(fixture.started).hasSize(TransparentRetries.MAX_UNPROCESSED);
    }

    @Test
    void rt8ClassBHappensOnceAndThenThePolicyDecides() {
        EndRecorder end = fixture.unary(retrying());
        backend().fail(backend().last(), Kind.REFUSED);
        assertThat(fixture.started).hasSize(2);

        backend().fail(backend().last(), Kind.REFUSED);
        assertThat(fixture.started).hasSize(2);
        fixture.advanceMs(100);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
        assertThat(fixture.previousAttempts()).containsExactly("", "", "1");
    }

    @Test
    void rt8AnAttemptThatWasProcessedBeforeLeavesClassBToThePolicy() {
        EndRecorder end = fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        backend().fail(backend().last(), Kind.REFUSED);
        assertThat(fixture.started).hasSize(2);
        fixture.advanceMs(100);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
        assertThat(fixture.previousAttempts()).containsExactly("", "1", "2");
    }

    @Test
    void d14WithoutAPolicyTheSecondRefusalIsDelivered() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);

        backend().fail(backend().last(), Kind.REFUSED);
        backend().fail(backend().last(), Kind.REFUSED);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(fixture.started).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"REQUEST_HEADERS_TOO_LARGE", "OVERLOADED", "INTERNAL", "DEADLINE_EXCEEDED"})
    void rt9WhatThisSideEndsIsNotSentAgain(Kind kind) {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(
                RETRY.on(StatusCode.INTERNAL, StatusCode.RESOURCE_EXHAUSTED, StatusCode.DEADLINE_EXCEEDED)));

        backend().fail(backend().last(), kind);

        assertThat(end.ends()).isOne();
        assertThat(fixture.started).hasSize(1);
    }

    @Test
    void rt10WhateverElseEndsAStreamIsUpToThePolicy() {
        EndRecorder end = fixture.unary(retrying());

        backend().fail(backend().last(), Kind.CONNECTION_LOST);
        assertThat(fixture.started).hasSize(1);
        fixture.advanceMs(100);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
    }

    // ---- D5, shutdown ----------------------------------------------------------------------------------------

    @Test
    void d5TheOptionWinsOverTheConfigsWaitForReady() {
        fixture.channel.config = ServiceConfig.builder()
                .defaults(method -> method.waitForReady(true))
                .build();
        fixture.pickers.publish(info -> PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "down")));

        EndRecorder waiting = fixture.unary(CallOptions.DEFAULT);
        EndRecorder failing = fixture.unary(CallOptions.DEFAULT.withWaitForReady(false));

        assertThat(failing.status().message()).isEqualTo("down");
        assertThat(waiting.ends()).isZero();
        fixture.pickers.publish(fixture.readyPicker());
        backend().respond(backend().last(), 7);
        assertThat(waiting.response()).containsExactly(7);
    }

    @Test
    void ch9ShutdownNowEndsAPauseAtOnce() {
        EndRecorder end = fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE);
        assertThat(fixture.pickers.waiting())
                .as("a graceful shutdown waits for it")
                .isOne();

        fixture.dispatcher.kill();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void ch9ShutdownNowIsNotMissedByAPauseThatBegins() {
        fixture.timer.onSchedule(fixture.dispatcher::kill);
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void ch11ARetryAfterAGracefulShutdownGetsThePickersStatus() {
        EndRecorder end = fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE);

        fixture.pickers.publish(info -> PickResult.drop(Status.of(StatusCode.UNAVAILABLE, "the channel is shut down")));
        fixture.advanceMs(100);

        assertThat(end.status().message()).isEqualTo("the channel is shut down");
    }

    @Test
    void aTimerThatIsGoneEndsACallInsteadOfLettingItPauseForEver() {
        EndRecorder end = fixture.unary(retrying());
        fixture.timer.shutdown();

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.status().message()).isEqualTo("the event loop is shut down");
    }

    @Test
    void aCancelThatMeetsTheBeginningOfAPauseIsNotMissed() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.newUnary(retrying(), end);
        call.start(REQUEST);
        fixture.timer.onSchedule(call::cancel);

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }
}
