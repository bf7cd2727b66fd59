package io.peregrine.client.internal;

import static io.peregrine.client.internal.EngineFixture.REQUEST;
import static io.peregrine.client.internal.EngineFixture.RETRY;
import static io.peregrine.client.internal.EngineFixture.retrying;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The configured retry decision (SPEC 2.14), line by line, with the throttle, on virtual time. */
class RetryDecisionTest {
    private static final String PUSHBACK = "grpc-retry-pushback-ms";

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

    // ---- The configured retry decision -----------------------------------------------------------------------

    @Test
    void line1ACancelledCallIsNotSentAgain() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.newUnary(retrying(), end);
        call.start(REQUEST);

        call.cancel();
        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.ends()).isOne();
        assertThat(fixture.started).hasSize(1);
    }

    @Test
    void line5APushbackThatSaysNoIsDeliveredAndTakesAToken() {
        fixture.throttling(10, 1);
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE, PUSHBACK, "-1");

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(fixture.milliTokens()).isEqualTo(9_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "", "2147483648", "1.5"})
    void d20APushbackThatIsNoNumberIsDelivered(String value) {
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE, PUSHBACK, value);

        assertThat(end.ends()).isOne();
    }

    @Test
    void d20TwoPushbacksAreDelivered() {
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE, PUSHBACK, "5", PUSHBACK, "5");

        assertThat(end.ends()).isOne();
    }

    @Test
    void line6ACodeThatThePolicyDoesNotNameIsDeliveredWithoutATokenTaken() {
        fixture.throttling(10, 1);
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.ABORTED);

        assertThat(end.status().code()).isEqualTo(StatusCode.ABORTED);
        assertThat(fixture.milliTokens()).isEqualTo(10_000);
    }

    @Test
    void d6APushbackDoesNotMakeACodeRetryable() {
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.ABORTED, PUSHBACK, "5");

        assertThat(end.status().code()).isEqualTo(StatusCode.ABORTED);
    }

    @Test
    void line7AThrottledFailureIsDelivered() {
        fixture.throttling(2, 1);
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(fixture.milliTokens()).isEqualTo(1_000);
    }

    @Test
    void line8TheLastAttemptsStatusIsDelivered() {
        EndRecorder end = fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE, "x-attempt", "1");
        fixture.advanceMs(100);
        refuseLast(StatusCode.UNAVAILABLE, "x-attempt", "2");
        fixture.advanceMs(100);

        refuseLast(StatusCode.UNAVAILABLE, "x-attempt", "3");

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(end.metadata.get(0).get(Metadata.Key.of("x-attempt"))).isEqualTo("3");
        assertThat(fixture.started).hasSize(3);
    }

    @Test
    void d22TheChannelCapsTheAttempts() {
        fixture = new EngineFixture(1, new RetryLimits(true, 2, 1 << 20, 1 << 20), null);
        EndRecorder end = fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(end.ends()).isOne();
        assertThat(fixture.started).hasSize(2);
    }

    @Test
    void line9TheDelayIsExponentialWithJitterAndAPushbackIsExactAndBeginsItAnew() {
        RetryPolicy policy = RetryPolicy.exponential(Duration.ofMillis(100), 10, Duration.ofSeconds(1))
                .maxAttempts(5);
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(policy));

        refuseLast(StatusCode.UNAVAILABLE);
        assertDelayBetween(80, 120);
        refuseLast(StatusCode.UNAVAILABLE);
        assertDelayBetween(800, 1200);
        refuseLast(StatusCode.UNAVAILABLE, PUSHBACK, "7");
        assertDelayBetween(7, 7);
        refuseLast(StatusCode.UNAVAILABLE);
        assertDelayBetween(80, 120);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
    }

    private void assertDelayBetween(int leastMs, int mostMs) {
        int before = fixture.started.size();
        Duration delay = fixture.timer.nextDelay();
        assertThat(delay).isBetween(Duration.ofMillis(leastMs), Duration.ofMillis(mostMs));
        fixture.timer.advance(delay.minusNanos(1));
        assertThat(fixture.started).hasSize(before);
        fixture.timer.advance(Duration.ofNanos(1));
        assertThat(fixture.started).hasSize(before + 1);
    }

    @Test
    void line9APushbackOfZeroRetriesAtOnce() {
        EndRecorder end = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE, PUSHBACK, "0");
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void line10TheDeadlineEndsAPause() {
        EndRecorder end = fixture.unary(retrying().withDeadlineAfter(Duration.ofMillis(60)));
        refuseLast(StatusCode.UNAVAILABLE);

        fixture.advanceMs(59);
        assertThat(end.ends()).isZero();
        fixture.advanceMs(1);

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(fixture.started).hasSize(1);
    }

    @Test
    void line10ACancelEndsAPause() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.newUnary(retrying(), end);
        call.start(REQUEST);
        refuseLast(StatusCode.UNAVAILABLE);

        call.cancel();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void line10TheDeadlineOfTheCallIsThatOfEachAttempt() {
        EndRecorder end = fixture.unary(retrying().withDeadlineAfter(Duration.ofMillis(250)));
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        assertThat(StreamAccess.deadlineNs(backend().last())).isEqualTo(250_000_000);
        backend().fail(backend().last(), Kind.DEADLINE_EXCEEDED);

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
    }

    @Test
    void rt11AFailureBeforeAStreamExistsIsRetriedByItsCode() {
        fixture.pickers.publish(info -> PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "down")));
        EndRecorder end = fixture.unary(retrying());
        assertThat(end.ends()).isZero();

        fixture.pickers.publish(fixture.readyPicker());
        fixture.advanceMs(100);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
        assertThat(fixture.previousAttempts()).containsExactly("1");
    }

    // ---- The throttle ----------------------------------------------------------------------------------------

    @Test
    void rt12TheCallsOfAChannelShareTheThrottle() {
        fixture.throttling(4, 1);
        EndRecorder first = fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        EndRecorder second = fixture.unary(retrying());

        refuseLast(StatusCode.UNAVAILABLE);
        assertThat(second.ends()).as("half of the tokens are gone").isOne();

        backend().respond(backend().live.get(0), 7);
        assertThat(first.response()).containsExactly(7);
    }

    @Test
    void rt12TransparentRetriesTakeNoToken() {
        fixture.throttling(4, 1);
        EndRecorder end = fixture.unary(retrying());

        backend().fail(backend().last(), Kind.UNPROCESSED);
        backend().fail(backend().last(), Kind.REFUSED);
        assertThat(fixture.milliTokens()).isEqualTo(4_000);
        backend().respond(backend().last(), 7);

        assertThat(end.ends()).isOne();
    }

    @Test
    void rt13ASuccessGivesItsCreditOnceAtItsEnd() {
        fixture.throttling(10, 0.5);
        EndRecorder end = fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        backend().headers(backend().last());
        assertThat(fixture.milliTokens()).as("D7: not at the headers").isEqualTo(8_000);
        backend().message(backend().last(), 7);
        backend().trailers(backend().last(), StatusCode.OK);

        assertThat(fixture.milliTokens()).isEqualTo(8_500);
        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void d7AFailureBehindTheHeadersGivesNoCredit() {
        fixture.throttling(10, 0.5);
        fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        backend().headers(backend().last());
        backend().trailers(backend().last(), StatusCode.ABORTED);

        assertThat(fixture.milliTokens()).isEqualTo(9_000);
    }

    @Test
    void sv13TheThrottleIsNewOnlyIfItsSectionOfTheConfigChanges() {
        fixture.throttling(10, 1);
        fixture.unary(retrying());
        refuseLast(StatusCode.UNAVAILABLE, PUSHBACK, "-1");

        fixture.channel.config = ServiceConfig.builder()
                .retryThrottling(10, 1)
                .defaults(method -> method.waitForReady(true))
                .build();
        assertThat(fixture.milliTokens()).isEqualTo(9_000);

        fixture.throttling(10, 2);
        assertThat(fixture.milliTokens()).isEqualTo(10_000);
    }

    // ---- RT-14, RT-16, RT-17 ---------------------------------------------------------------------------------

    @Test
    void rt14TheReportTellsTransparentAttemptsFromThoseOfThePolicy() {
        EndRecorder end = fixture.unary(retrying());
        backend().fail(backend().last(), Kind.REFUSED);
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        refuseLast(StatusCode.ABORTED);

        assertThat(end.report().attempts())
                .extracting(attempt -> attempt.previousAttempts())
                .containsExactly(0, 0, 1);
    }

    @Test
    void rt16AnAttemptWithoutHeadersInTimeIsResetAndRetriedWhateverTheCodes() {
        RetryPolicy policy = RETRY.on(StatusCode.ABORTED).perAttemptRecvTimeout(Duration.ofMillis(30));
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(policy));

        fixture.advanceMs(29);
        assertThat(backend().toCancel).isEmpty();
        fixture.advanceMs(1);
        assertThat(backend().toCancel).containsExactly(fixture.attempt(0));
        fixture.runCancels();
        fixture.advanceMs(100);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
        assertThat(fixture.previousAttempts()).containsExactly("", "1");
    }

    @Test
    void rt16TheLastAttemptThatIsLateEndsTheCallAsDeadlineExceeded() {
        RetryPolicy policy = RetryPolicy.immediate().maxAttempts(2).perAttemptRecvTimeout(Duration.ofMillis(30));
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(policy));

        fixture.advanceMs(30);
        fixture.runCancels();
        fixture.advanceMs(30);
        fixture.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(end.status().message()).contains("30000 µs");
        assertThat(fixture.started).hasSize(2);
    }

    @Test
    void rt16HeadersInTimeStopTheTimeout() {
        RetryPolicy policy = RETRY.perAttemptRecvTimeout(Duration.ofMillis(30));
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(policy));

        backend().headers(backend().last());
        fixture.advanceMs(1_000);
        backend().message(backend().last(), 7);
        backend().trailers(backend().last(), StatusCode.OK);

        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void rt16ATimeoutBeginsWithTheConnectionNotWithTheWaitForOne() {
        fixture.pickers.publish(EngineFixture.queueing());
        RetryPolicy policy = RETRY.perAttemptRecvTimeout(Duration.ofMillis(30));
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(policy));

        fixture.advanceMs(1_000);
        fixture.pickers.publish(fixture.readyPicker());
        fixture.advanceMs(29);
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void rt16ATransportThatIsClosedStopsTheTimeout() {
        RetryPolicy policy = RETRY.perAttemptRecvTimeout(Duration.ofMillis(30));
        backend().answer = StartResult.CLOSED;
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(policy));

        assertThat(fixture.timer.pending()).isZero();
        backend().answer = StartResult.ACCEPTED;
        fixture.pickers.publish(fixture.readyPicker());
        backend().respond(backend().last(), 7);

        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void rt17ABackoffFromCodeDecidesTheDelays() {
        List<Integer> asked = new ArrayList<>();
        RetryPolicy policy = RetryPolicy.of((retries, previousDelayNs, random) -> {
                    asked.add(retries);
                    return Duration.ofMillis(10L * (retries + 1)).toNanos();
                })
                .maxAttempts(4);
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(policy));

        refuseLast(StatusCode.UNAVAILABLE);
        assertDelayBetween(10, 10);
        refuseLast(StatusCode.UNAVAILABLE);
        assertDelayBetween(20, 20);
        backend().respond(backend().last(), 7);

        assertThat(asked).containsExactly(0, 1);
        assertThat(end.response()).containsExactly(7);
    }
}
