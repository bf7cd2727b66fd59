package io.peregrine.client.internal;

import static io.peregrine.client.internal.EngineFixture.BIDI;
import static io.peregrine.client.internal.EngineFixture.CLIENT_STREAM;
import static io.peregrine.client.internal.EngineFixture.SERVER_STREAM;
import static io.peregrine.client.internal.EngineFixture.retrying;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.client.internal.retry.TransparentRetries;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure.Kind;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Retries of calls with streams (SPEC 2.14): what commits them, and what is replayed. */
class StreamRetryTest {
    private static final String PUSHBACK = "grpc-retry-pushback-ms";

    private final StreamRecorder recorder = new StreamRecorder();
    private EngineFixture fixture = new EngineFixture();

    @AfterEach
    void nothingIsLeft() {
        fixture.assertSettled();
    }

    private FakeTransport backend() {
        return fixture.backends.get(0);
    }

    private StreamCall<byte[], byte[]> start() {
        return fixture.stream(BIDI, retrying(), recorder);
    }

    private void refuseLast(StatusCode code, String... fields) {
        backend().refuse(backend().last(), code, fields);
    }

    private void endLast() {
        Attempt<?> last = backend().last();
        if (!recorder.events.contains("headers")) {
            backend().headers(last);
        }
        backend().trailers(last, StatusCode.OK);
    }

    /** The messages that the n-th attempt sends from here on. */
    private List<byte[]> taken(int number) {
        return StreamAccess.takeMessages(fixture.attempt(number));
    }

    private static byte[] framed(int... message) {
        byte[] framed = new byte[5 + message.length];
        framed[4] = (byte) message.length;
        for (int i = 0; i < message.length; i++) {
            framed[5 + i] = (byte) message[i];
        }
        return framed;
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    // ---- Replay ----------------------------------------------------------------------------------------------

    @Test
    void rt4WhatWasSentIsReplayedInOrderByteForByte() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));
        call.trySend(bytes());
        call.trySend(bytes(2, 3));
        assertThat(taken(0)).containsExactly(framed(1), framed(), framed(2, 3));

        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        assertThat(taken(1)).containsExactly(framed(1), framed(), framed(2, 3));
        call.trySend(bytes(4));
        assertThat(taken(1)).containsExactly(framed(4));
        endLast();
    }

    @Test
    void rt4WhatWasNotTakenYetIsReplayedToo() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        assertThat(taken(1)).containsExactly(framed(1));
        endLast();
    }

    @Test
    void rt4TheHalfCloseIsReplayedAlsoIfItCameBetweenTwoAttempts() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));
        refuseLast(StatusCode.UNAVAILABLE);
        call.closeSend();
        fixture.advanceMs(100);

        assertThat(taken(1)).containsExactly(framed(1));
        assertThat(StreamAccess.isRequestTaken(fixture.attempt(1))).isTrue();
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        taken(2);
        assertThat(StreamAccess.isRequestTaken(fixture.attempt(2))).isTrue();
        endLast();
    }

    @Test
    void rt4TheDemandIsReplayedToo() {
        StreamCall<byte[], byte[]> call = start();
        call.request(2);
        assertThat(StreamAccess.takeDemand(fixture.attempt(0))).isEqualTo(2);
        refuseLast(StatusCode.UNAVAILABLE);
        call.request(3);
        fixture.advanceMs(100);

        assertThat(StreamAccess.takeDemand(fixture.attempt(1))).isEqualTo(5);
        call.request(Integer.MAX_VALUE);
        call.request(1);
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        assertThat(StreamAccess.takeDemand(fixture.attempt(2))).isEqualTo(Integer.MAX_VALUE);
        endLast();
    }

    @Test
    void rt4BetweenTwoAttemptsNothingIsTakenAndThenRoomIsAnnounced() {
        StreamCall<byte[], byte[]> call = start();
        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(call.isWritable()).isFalse();
        assertThat(call.trySend(bytes(1))).isFalse();
        assertThat(recorder.events).isEmpty();
        recorder.onEvent = () -> call.trySend(bytes(2));
        fixture.advanceMs(100);

        recorder.onEvent = () -> {};
        assertThat(recorder.events).containsExactly("writable");
        assertThat(taken(1)).containsExactly(framed(2));
        endLast();
    }

    @Test
    void rt4WhoWasToldThatThereIsNoRoomHearsOfItAsWell() {
        StreamCall<byte[], byte[]> call = start();
        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(call.isWritable()).isFalse();
        fixture.advanceMs(100);

        assertThat(recorder.events).containsExactly("writable");
        assertThat(call.isWritable()).isTrue();
        endLast();
    }

    @Test
    void rt5TheBufferIsReleasedAtTheCommit() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1, 2, 3));
        taken(0);
        assertThat(fixture.dispatcher.replayBudget().usedBytes()).isEqualTo(8);

        backend().headers(backend().last());

        assertThat(fixture.dispatcher.replayBudget().usedBytes()).isZero();
        assertThat(fixture.allocator.metric().usedHeapMemory()).isZero();
        call.trySend(bytes(4));
        assertThat(taken(0)).containsExactly(framed(4));
        backend().trailers(backend().last(), StatusCode.OK);
        assertThat(recorder.events).containsExactly("complete");
    }

    @Test
    void rt6AttemptsTellHowManyCameBeforeAndTransparentOnesDoNotCount() {
        start();
        backend().fail(backend().last(), Kind.UNPROCESSED);
        backend().fail(backend().last(), Kind.REFUSED);
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        backend().fail(backend().last(), Kind.UNPROCESSED);
        endLast();

        assertThat(fixture.previousAttempts()).containsExactly("", "", "", "1", "1");
    }

    // ---- What commits ----------------------------------------------------------------------------------------

    @Test
    void rt3HeadersCommit() {
        start();
        backend().headers(backend().last(), "x-server", "a");
        backend().trailers(backend().last(), StatusCode.UNAVAILABLE);

        assertThat(recorder.events).containsExactly("headers", "failure UNAVAILABLE");
        assertThat(fixture.started).hasSize(1);
    }

    @Test
    void rt3TheCallsLimitCommitsAndTheMessageIsSentAfterTheOthers() {
        fixture = new EngineFixture(1, new RetryLimits(true, 5, 12, 1 << 20), null);
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));
        call.trySend(bytes(2));
        assertThat(fixture.dispatcher.replayBudget().usedBytes()).isEqualTo(12);

        call.trySend(bytes(3));

        assertThat(fixture.dispatcher.replayBudget().usedBytes()).isZero();
        assertThat(taken(0)).containsExactly(framed(1), framed(2), framed(3));
        refuseLast(StatusCode.UNAVAILABLE);
        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
        assertThat(fixture.started).hasSize(1);
    }

    @Test
    void rt3TheChannelsLimitCommitsTheCallThatCrossesIt() {
        fixture = new EngineFixture(1, new RetryLimits(true, 5, 1 << 20, 12), null);
        StreamCall<byte[], byte[]> first = start();
        StreamRecorder secondRecorder = new StreamRecorder();
        StreamCall<byte[], byte[]> second = fixture.stream(BIDI, retrying(), secondRecorder);
        first.trySend(bytes(1));
        second.trySend(bytes(2));

        second.trySend(bytes(3));
        assertThat(fixture.dispatcher.replayBudget().usedBytes()).isEqualTo(6);
        backend().refuse(fixture.attempt(1), StatusCode.UNAVAILABLE);
        backend().refuse(fixture.attempt(0), StatusCode.UNAVAILABLE);

        assertThat(secondRecorder.events).containsExactly("failure UNAVAILABLE");
        assertThat(recorder.ends()).as("the other one goes on").isZero();
        fixture.advanceMs(100);
        assertThat(taken(2)).containsExactly(framed(1));
        endLast();
    }

    @Test
    void rt3ARequestOverTheLimitIsSentOnceByACallThatHasOne() {
        fixture = new EngineFixture(1, new RetryLimits(true, 5, 7, 1 << 20), null);
        StreamCall<byte[], byte[]> call =
                new StreamCall<>(fixture.dispatcher, SERVER_STREAM, retrying(), recorder, null);
        call.startWith(bytes(1, 2, 3));

        assertThat(taken(0)).containsExactly(framed(1, 2, 3));
        assertThat(StreamAccess.isRequestTaken(fixture.attempt(0))).isTrue();
        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
    }

    @Test
    void rt4ACallThatIsCommittedByItsLimitIsStillSentAgainTransparentlyNoMore() {
        fixture = new EngineFixture(1, new RetryLimits(true, 5, 5, 1 << 20), null);
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));

        backend().fail(backend().last(), Kind.UNPROCESSED);

        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
        assertThat(fixture.started).hasSize(1);
    }

    @Test
    void rt3ADroppedPickIsDelivered() {
        fixture.pickers.publish(info -> PickResult.drop(Status.of(StatusCode.UNAVAILABLE, "dropped")));

        start();

        assertThat(recorder.status().message()).isEqualTo("dropped");
    }

    // ---- Transparent retries ---------------------------------------------------------------------------------

    @Test
    void rt7ClassAIsUnlimitedAndStopsAtAThousand() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));
        for (int i = 0; i < TransparentRetries.MAX_UNPROCESSED - 1; i++) {
            backend().fail(backend().last(), Kind.UNPROCESSED);
        }
        assertThat(recorder.ends()).isZero();

        backend().fail(backend().last(), Kind.UNPROCESSED);

        assertThat(recorder.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(fixture.started).hasSize(TransparentRetries.MAX_UNPROCESSED);
    }

    @Test
    void rt8ClassBHappensOnceAndThenThePolicyDecides() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));
        backend().fail(backend().last(), Kind.REFUSED);
        assertThat(taken(1)).containsExactly(framed(1));

        backend().fail(backend().last(), Kind.REFUSED);
        assertThat(fixture.started).hasSize(2);
        fixture.advanceMs(100);
        assertThat(taken(2)).containsExactly(framed(1));
        endLast();
    }

    @Test
    void rt8AnAttemptThatWasProcessedBeforeLeavesClassBToThePolicy() {
        start();
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        backend().fail(backend().last(), Kind.REFUSED);

        assertThat(fixture.started).hasSize(2);
        fixture.advanceMs(100);
        endLast();
    }

    @Test
    void rt2WithoutAPolicyTransparentRetriesHaveAllThatWasSent() {
        StreamCall<byte[], byte[]> call = fixture.stream(BIDI, CallOptions.DEFAULT, recorder);
        call.trySend(bytes(1));
        taken(0);
        call.trySend(bytes(2));

        backend().fail(backend().last(), Kind.REFUSED);

        assertThat(taken(1)).containsExactly(framed(1), framed(2));
        refuseLast(StatusCode.UNAVAILABLE);
        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
    }

    @Test
    void rt2WithRetriesDisabledPoliciesDoNotCount() {
        fixture = new EngineFixture(1, new RetryLimits(false, 5, 1 << 20, 1 << 20), null);
        start();

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
    }

    // ---- The configured retry decision -----------------------------------------------------------------------

    @Test
    void line5APushbackThatSaysNoIsDelivered() {
        fixture.throttling(10, 1);
        start();

        refuseLast(StatusCode.UNAVAILABLE, PUSHBACK, "-1");

        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
        assertThat(fixture.milliTokens()).isEqualTo(9_000);
    }

    @Test
    void line6ACodeThatThePolicyDoesNotNameIsDelivered() {
        start();

        refuseLast(StatusCode.ABORTED);

        assertThat(recorder.events).containsExactly("failure ABORTED");
    }

    @Test
    void line7AThrottledFailureIsDelivered() {
        fixture.throttling(2, 1);
        start();

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
    }

    @Test
    void line8TheLastAttemptsStatusIsDelivered() {
        start();
        for (int i = 0; i < 2; i++) {
            refuseLast(StatusCode.UNAVAILABLE);
            fixture.advanceMs(100);
        }

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
        assertThat(fixture.started).hasSize(3);
    }

    @Test
    void line9APushbackIsTakenExactly() {
        start();

        refuseLast(StatusCode.UNAVAILABLE, PUSHBACK, "7");

        assertThat(fixture.timer.nextDelay()).isEqualTo(Duration.ofMillis(7));
        fixture.advanceMs(7);
        endLast();
    }

    @Test
    void line10TheDeadlineEndsAPause() {
        fixture.stream(BIDI, retrying().withDeadlineAfter(Duration.ofMillis(60)), recorder);
        refuseLast(StatusCode.UNAVAILABLE);

        fixture.advanceMs(60);

        assertThat(recorder.events).containsExactly("failure DEADLINE_EXCEEDED");
    }

    @Test
    void line10ACancelEndsAPause() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));
        refuseLast(StatusCode.UNAVAILABLE);

        call.cancel("enough", null);

        assertThat(recorder.events).containsExactly("failure CANCELLED");
        assertThat(recorder.status().message()).isEqualTo("enough");
    }

    @Test
    void rt13ASuccessGivesItsCreditOnce() {
        fixture.throttling(10, 0.5);
        start();
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);

        endLast();

        assertThat(fixture.milliTokens()).isEqualTo(9_500);
    }

    @Test
    void rt16AnAttemptWithoutHeadersInTimeIsResetAndReplayed() {
        RetryPolicy policy = EngineFixture.RETRY.perAttemptRecvTimeout(Duration.ofMillis(30));
        StreamCall<byte[], byte[]> call = fixture.stream(BIDI, CallOptions.DEFAULT.withRetry(policy), recorder);
        call.trySend(bytes(1));
        taken(0);

        fixture.advanceMs(30);
        fixture.runCancels();
        fixture.advanceMs(100);

        assertThat(taken(1)).containsExactly(framed(1));
        endLast();
        assertThat(recorder.events).containsExactly("complete");
    }

    // ---- Ends ------------------------------------------------------------------------------------------------

    @Test
    void ch9ShutdownNowEndsAPauseAtOnce() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));
        refuseLast(StatusCode.UNAVAILABLE);
        assertThat(fixture.pickers.waiting())
                .as("a graceful shutdown waits for it")
                .isOne();

        fixture.dispatcher.kill();

        assertThat(recorder.events).containsExactly("failure CANCELLED");
    }

    @Test
    void ch9ShutdownNowIsNotMissedByAPauseThatBegins() {
        start();
        fixture.timer.onSchedule(fixture.dispatcher::kill);

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(recorder.events).containsExactly("failure CANCELLED");
    }

    @Test
    void aTimerThatIsGoneEndsACallInsteadOfLettingItPauseForEver() {
        start();
        fixture.timer.shutdown();

        refuseLast(StatusCode.UNAVAILABLE);

        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
    }

    @Test
    void rt5MessagesOfAnAttemptThatNoTransportTookAreReleased() {
        fixture.pickers.publish(EngineFixture.queueing());
        StreamCall<byte[], byte[]> call = start();
        call.trySend(bytes(1));

        call.cancel();

        assertThat(recorder.events).containsExactly("failure CANCELLED");
    }

    @Test
    void rt5MessagesOfAnAttemptThatFoundTheQueueFullAreReleased() {
        backend().answer = StartResult.OVERLOADED;
        StreamCall<byte[], byte[]> call =
                new StreamCall<>(fixture.dispatcher, SERVER_STREAM, retrying(), recorder, null);

        call.startWith(bytes(1));

        assertThat(recorder.events).containsExactly("failure RESOURCE_EXHAUSTED");
    }

    @Test
    void dl6ACallThatIsCancelledBeforeItsStartSendsNothing() {
        StreamCall<byte[], byte[]> call =
                new StreamCall<>(fixture.dispatcher, SERVER_STREAM, retrying(), recorder, null);

        call.cancel();
        call.startWith(bytes(1));

        assertThat(recorder.events).containsExactly("failure CANCELLED");
        assertThat(fixture.started).isEmpty();
    }

    @Test
    void ca1TheResponseOfARetriedCallIsThatOfItsLastAttempt() {
        StreamCall<byte[], byte[]> call = fixture.stream(CLIENT_STREAM, retrying(), recorder);
        call.trySend(bytes(1));
        call.closeSend();
        backend().fail(backend().last(), Kind.CONNECTION_LOST);
        fixture.advanceMs(100);

        backend().respond(backend().last(), 7);

        assertThat(recorder.events).containsExactly("message [7]", "complete");
    }

    @Test
    void aCorkedCallIsWrittenAtItsFlushAlsoAfterARetry() {
        StreamCall<byte[], byte[]> call = start();
        call.cork();
        call.trySend(bytes(1));
        assertThat(backend().signalled).isEmpty();
        refuseLast(StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        call.trySend(bytes(2));
        assertThat(backend().signalled).isEmpty();

        call.flush();

        assertThat(backend().signalled).containsExactly(fixture.attempt(1));
        assertThat(taken(1)).containsExactly(framed(1), framed(2));
        endLast();
    }
}
