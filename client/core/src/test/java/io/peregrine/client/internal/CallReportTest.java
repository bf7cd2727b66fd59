package io.peregrine.client.internal;

import static io.peregrine.client.internal.EngineFixture.BIDI;
import static io.peregrine.client.internal.EngineFixture.RETRY;
import static io.peregrine.client.internal.EngineFixture.UNARY;
import static io.peregrine.client.internal.EngineFixture.retrying;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.credentials.CallIdentity;
import io.peregrine.client.report.AttemptReport;
import io.peregrine.client.report.CallReport;
import io.peregrine.client.report.Wait;
import io.peregrine.transport.http2.StreamFailure;
import io.peregrine.transport.http2.StreamFailure.GoAway;
import io.peregrine.transport.http2.StreamFailure.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a call that failed tells of its way (SPEC DL-5), on virtual time. */
class CallReportTest {
    private final EngineFixture fixture = new EngineFixture(2);
    private final StreamRecorder recorder = new StreamRecorder();

    @AfterEach
    void nothingIsLeft() {
        fixture.runCancels();
        fixture.assertSettled();
    }

    private FakeTransport backend(int attempt) {
        return fixture.of(fixture.attempt(attempt));
    }

    private static StatusException failureOf(EndRecorder end) {
        assertThat(end.failures).hasSize(1);
        return end.failures.get(0);
    }

    private static CallReport reportOf(StatusException failure) {
        CallReport report = failure.report();
        if (report == null) {
            throw new AssertionError("no report");
        }
        return report;
    }

    private static List<AttemptReport> attemptsOf(EndRecorder end) {
        return reportOf(failureOf(end)).attempts();
    }

    private static Duration ms(long ms) {
        return Duration.ofMillis(ms);
    }

    // ---- Attempts --------------------------------------------------------------------------------------------

    @Test
    void eachAttemptTellsItsPeerItsStatusAndItsTimes() {
        EndRecorder end = fixture.unary(retrying());
        fixture.advanceMs(20);
        backend(0).refuse(fixture.attempt(0), StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        fixture.advanceMs(5);
        backend(1).refuse(fixture.attempt(1), StatusCode.ABORTED);

        List<AttemptReport> attempts = attemptsOf(end);
        assertThat(attempts)
                .extracting(AttemptReport::peer)
                .containsExactly(
                        fixture.backends.get(0).remoteAddress(),
                        fixture.backends.get(1).remoteAddress());
        assertThat(attempts)
                .extracting(attempt -> attempt.status().code())
                .containsExactly(StatusCode.UNAVAILABLE, StatusCode.ABORTED);
        assertThat(attempts).extracting(AttemptReport::startedAfter).containsExactly(ms(0), ms(120));
        assertThat(attempts).extracting(AttemptReport::took).containsExactly(ms(20), ms(5));
        assertThat(attempts).extracting(AttemptReport::previousAttempts).containsExactly(0, 1);
        assertThat(attempts).extracting(AttemptReport::responded).containsOnly(false);
        assertThat(reportOf(failureOf(end)).elapsed()).isEqualTo(ms(125));
    }

    @Test
    void anAttemptThatIsSentAgainTransparentlyTellsWhenItBegan() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        fixture.advanceMs(20);
        backend(0).fail(fixture.attempt(0), Kind.UNPROCESSED);
        fixture.advanceMs(5);
        backend(1).refuse(fixture.attempt(1), StatusCode.ABORTED);

        assertThat(attemptsOf(end)).extracting(AttemptReport::startedAfter).containsExactly(ms(0), ms(20));
        assertThat(attemptsOf(end)).extracting(AttemptReport::took).containsExactly(ms(20), ms(5));
    }

    @Test
    void aResponseThatHadBegunIsTold() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        backend(0).headers(fixture.attempt(0));
        backend(0).trailers(fixture.attempt(0), StatusCode.ABORTED);

        assertThat(attemptsOf(end)).extracting(AttemptReport::responded).containsExactly(true);
    }

    @Test
    void aResetTellsItsCode() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        backend(0).fail(fixture.attempt(0), new StreamFailure(Kind.RESET, 11, "reset by 127.0.0.1", null));

        assertThat(attemptsOf(end).get(0).resetErrorCode()).isEqualTo(11L);
        assertThat(attemptsOf(end).get(0).goAway()).isNull();
    }

    @Test
    void aGoAwayTellsItsCodeAndItsDebugData() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        GoAway goAway = new GoAway(11, "too_many_pings");
        backend(0)
                .fail(
                        fixture.attempt(0),
                        new StreamFailure(Kind.CONNECTION_LOST, 0, "lost after GOAWAY", null, goAway));

        assertThat(attemptsOf(end).get(0).goAway()).isEqualTo(goAway);
        assertThat(attemptsOf(end).get(0).resetErrorCode()).isNull();
    }

    @Test
    void aStreamTellsOfItsAttemptsToo() {
        fixture.stream(BIDI, retrying(), recorder);
        backend(0).refuse(fixture.attempt(0), StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        backend(1).refuse(fixture.attempt(1), StatusCode.ABORTED);

        StatusException failure = recorder.failure;
        assertThat(failure).isNotNull();
        if (failure != null) {
            assertThat(reportOf(failure).attempts())
                    .extracting(AttemptReport::startedAfter)
                    .containsExactly(ms(0), ms(100));
        }
    }

    @Test
    void ofManyAttemptsTheFirstAndTheLastAreTold() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        for (int i = 0; i < 100; i++) {
            backend(i).fail(fixture.attempt(i), Kind.UNPROCESSED);
            fixture.advanceMs(1);
        }
        backend(100).refuse(fixture.attempt(100), StatusCode.ABORTED);

        List<AttemptReport> attempts = attemptsOf(end);
        assertThat(attempts).hasSize(32);
        assertThat(attempts.get(0).startedAfter()).isZero();
        assertThat(attempts.get(31).status().code()).isEqualTo(StatusCode.ABORTED);
        assertThat(attempts.get(30).startedAfter()).isGreaterThan(ms(95));
    }

    // ---- Waits -----------------------------------------------------------------------------------------------

    @Test
    void theWaitsForTheResolverAndForAConnectionAreTold() {
        fixture.channel.resolved = false;
        fixture.pickers.publish(EngineFixture.queueing());
        EndRecorder end = fixture.unary(CallOptions.deadlineAfter(ms(100)));
        fixture.advanceMs(30);
        fixture.channel.resolved = true;
        fixture.pickers.publish(EngineFixture.queueing());
        fixture.advanceMs(70);

        assertThat(attemptsOf(end))
                .flatExtracting(AttemptReport::waits)
                .containsExactly(new Wait(Wait.Reason.RESOLVER, ms(30)), new Wait(Wait.Reason.PICKER, ms(70)));
        assertThat(failureOf(end).status().message())
                .isEqualTo("deadline exceeded while waiting for a connection; last error: the last connection failed");
    }

    @Test
    void pk8TheWaitForAConnectionNamesTheLastPicksError() {
        fixture.pickers.publish(info -> PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "refused by 10.0.0.1")));
        EndRecorder end = fixture.unary(CallOptions.deadlineAfter(ms(100)).withWaitForReady(true));

        fixture.advanceMs(100);

        assertThat(failureOf(end).status().message()).endsWith("last error: refused by 10.0.0.1");
    }

    @Test
    void pk8ACancelOfAStreamThatWaitsKeepsItsReasonAndNamesTheLastError() {
        fixture.pickers.publish(EngineFixture.queueing());
        StreamCall<byte[], byte[]> call = fixture.stream(BIDI, CallOptions.DEFAULT, recorder);
        Throwable cause = new IllegalStateException("the window was closed");

        call.cancel("the user left", cause);

        StatusException failure = recorder.failure;
        assertThat(failure).isNotNull();
        if (failure != null) {
            assertThat(failure.status())
                    .isEqualTo(new Status(
                            StatusCode.CANCELLED,
                            "the user left while waiting for a connection; last error: the last connection failed",
                            cause));
        }
    }

    @Test
    void pk8ACancelWhileWaitingForCredentialsSaysSo() {
        StreamCall<byte[], byte[]> call =
                fixture.stream(BIDI, CallOptions.DEFAULT.withCredentials(new SilentCredentials()), recorder);

        call.cancel();

        StatusException failure = recorder.failure;
        assertThat(failure).isNotNull();
        if (failure != null) {
            assertThat(failure.status().message()).isEqualTo("cancelled while waiting for credentials");
        }
    }

    @Test
    void theWaitForCredentialsIsTold() {
        EndRecorder end = fixture.unary(CallOptions.deadlineAfter(ms(100)).withCredentials(new SilentCredentials()));

        fixture.advanceMs(100);

        assertThat(attemptsOf(end))
                .flatExtracting(AttemptReport::waits)
                .containsExactly(new Wait(Wait.Reason.CREDENTIALS, ms(100)));
    }

    private static final class SilentCredentials implements CallCredentials {
        @Override
        public void apply(CallIdentity call, Applier applier) {
            // Never answers.
        }

        @Override
        public boolean requiresPrivacy() {
            return false;
        }
    }

    @Test
    void theWaitsForAStreamSlotAndForTheResponseAreTold() {
        EndRecorder end = fixture.unary(CallOptions.deadlineAfter(ms(100)));
        fixture.attempt(0).onWaitingForSlot();
        fixture.advanceMs(40);
        fixture.attempt(0).onSlot();
        fixture.advanceMs(60);
        backend(0).fail(fixture.attempt(0), Kind.DEADLINE_EXCEEDED);

        assertThat(attemptsOf(end))
                .flatExtracting(AttemptReport::waits)
                .containsExactly(new Wait(Wait.Reason.STREAM_SLOT, ms(40)), new Wait(Wait.Reason.FIRST_BYTE, ms(60)));
    }

    @Test
    void rt16AnAttemptThatWasLateTellsThatItWaitedForTheResponse() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withRetry(RETRY.perAttemptRecvTimeout(ms(30))));
        fixture.advanceMs(30);
        fixture.runCancels();
        fixture.advanceMs(100);
        backend(1).refuse(fixture.attempt(1), StatusCode.ABORTED);

        assertThat(attemptsOf(end).get(0).waits()).containsExactly(new Wait(Wait.Reason.FIRST_BYTE, ms(30)));
        assertThat(attemptsOf(end).get(1).waits()).isEmpty();
    }

    // ---- The message -----------------------------------------------------------------------------------------

    @Test
    void dl5TheMessageNamesTargetMethodPeerTimeWaitsAndTheLastConnectionError() {
        EndRecorder end = fixture.unary(CallOptions.deadlineAfter(ms(100)));
        fixture.attempt(0).onWaitingForSlot();
        fixture.advanceMs(40);
        fixture.attempt(0).onSlot();
        fixture.advanceMs(60);
        backend(0).fail(fixture.attempt(0), Kind.DEADLINE_EXCEEDED);

        assertThat(failureOf(end).getMessage())
                .startsWith("DEADLINE_EXCEEDED")
                .contains("target dns:///echo.test", "method test.Echo/Say")
                .contains("peer " + fixture.backends.get(0).remoteAddress())
                .contains("after 100.000 ms")
                .contains("waited 40.000 ms for a stream slot, 60.000 ms for the response")
                .contains("last connection error: the last connection failed");
    }

    @Test
    void dl5TheMessageOfSeveralAttemptsNamesEach() {
        EndRecorder end = fixture.unary(retrying());
        backend(0).refuse(fixture.attempt(0), StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        backend(1).refuse(fixture.attempt(1), StatusCode.ABORTED);

        assertThat(failureOf(end).getMessage())
                .contains(
                        "attempt 1: UNAVAILABLE from " + fixture.backends.get(0).remoteAddress())
                .contains("attempt 2: ABORTED from " + fixture.backends.get(1).remoteAddress());
    }

    @Test
    void aCallThatFailsBeforeItsFirstAttemptTellsOfNone() {
        EndRecorder end = fixture.unary(CallOptions.deadlineAfter(Duration.ZERO));

        assertThat(attemptsOf(end)).isEmpty();
        assertThat(failureOf(end).getMessage()).contains("method test.Echo/Say");
    }

    // ---- What it costs ---------------------------------------------------------------------------------------

    @Test
    void thereIsNoStackTraceUnlessABlockingCallIsAskedForOne() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withStackTraces(true));
        backend(0).refuse(fixture.attempt(0), StatusCode.ABORTED);
        assertThat(failureOf(end).getStackTrace()).isEmpty();

        BlockingCall<byte[], byte[]> call =
                new BlockingCall<>(fixture.dispatcher, UNARY, CallOptions.DEFAULT.withStackTraces(true));
        call.start(EngineFixture.REQUEST);
        backend(1).refuse(fixture.attempt(1), StatusCode.ABORTED);

        StatusException failure = catchThrowableOfType(StatusException.class, call::await);
        assertThat(failure.getStackTrace())
                .extracting(StackTraceElement::getClassName)
                .contains(CallReportTest.class.getName());
        assertThat(reportOf(failure).attempts()).hasSize(1);
    }

    @Test
    void nothingIsFormattedBeforeItIsRead() {
        AtomicInteger formatted = new AtomicInteger();
        List<@Nullable String> texts = new ArrayList<>();
        StatusException failure = new StatusException(
                Status.of(StatusCode.UNAVAILABLE, "down"),
                Metadata.EMPTY,
                () -> {
                    formatted.incrementAndGet();
                    return new CallReport("t", "m", ms(1), List.of(), "");
                },
                false);
        assertThat(formatted).hasValue(0);

        texts.add(failure.getMessage());
        texts.add(failure.getMessage());

        assertThat(formatted).hasValue(1);
        assertThat(texts.get(0)).isEqualTo(texts.get(1));
    }
}
