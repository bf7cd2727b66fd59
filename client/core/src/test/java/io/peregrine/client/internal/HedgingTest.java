package io.peregrine.client.internal;

import static io.peregrine.client.internal.EngineFixture.BIDI;
import static io.peregrine.client.internal.EngineFixture.SERVER_STREAM;
import static io.peregrine.client.internal.EngineFixture.hedging;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure.Kind;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hedging (gRFC A6; SPEC 2.14), rule by rule, on virtual time. */
class HedgingTest {
    private static final String PUSHBACK = "grpc-retry-pushback-ms";
    private static final HedgingPolicy POLICY = HedgingPolicy.after(Duration.ofMillis(100))
            .maxAttempts(4)
            .nonFatal(StatusCode.UNAVAILABLE, StatusCode.CANCELLED);

    private final StreamRecorder recorder = new StreamRecorder();
    private EngineFixture fixture = new EngineFixture(4);

    @AfterEach
    void nothingIsLeft() {
        fixture.runCancels();
        fixture.assertSettled();
    }

    private StreamCall<byte[], byte[]> start() {
        return fixture.stream(BIDI, hedging(POLICY), recorder);
    }

    private void refuse(int attempt, StatusCode code, String... fields) {
        fixture.of(fixture.attempt(attempt)).refuse(fixture.attempt(attempt), code, fields);
    }

    private void headers(int attempt) {
        fixture.of(fixture.attempt(attempt)).headers(fixture.attempt(attempt));
    }

    private void end(int attempt) {
        fixture.of(fixture.attempt(attempt)).trailers(fixture.attempt(attempt), StatusCode.OK);
    }

    private boolean isCancelled(int attempt) {
        return fixture.of(fixture.attempt(attempt)).toCancel.contains(fixture.attempt(attempt));
    }

    private void win(int attempt) {
        headers(attempt);
        end(attempt);
    }

    // ---- HG-1 to HG-5 ----------------------------------------------------------------------------------------

    @Test
    void hg1OneMoreAttemptFollowsAfterEachDelayUpToTheMaximum() {
        start();
        assertThat(fixture.started).hasSize(1);
        fixture.advanceMs(99);
        assertThat(fixture.started).hasSize(1);
        fixture.advanceMs(1);
        assertThat(fixture.started).hasSize(2);
        fixture.advanceMs(200);
        assertThat(fixture.started).hasSize(4);
        fixture.advanceMs(1_000);
        assertThat(fixture.started).hasSize(4);

        win(3);
        assertThat(recorder.events).containsExactly("complete");
    }

    @Test
    void hg9WhatThisSideRefusesToAHedgeDoesNotEndTheAttemptBesideIt() {
        start();
        fixture.backends.forEach(backend -> backend.answer = StartResult.OVERLOADED);
        fixture.advanceMs(100);
        assertThat(isCancelled(0)).isFalse();

        win(0);

        assertThat(recorder.events).containsExactly("complete");
    }

    @Test
    void hg1WithoutADelayAllGoAtOnce() {
        fixture.stream(BIDI, hedging(HedgingPolicy.after(Duration.ZERO).maxAttempts(3)), recorder);

        fixture.advanceMs(0);

        assertThat(fixture.started).hasSize(3);
        win(1);
    }

    @Test
    void d22TheChannelCapsTheAttempts() {
        fixture = new EngineFixture(4, new RetryLimits(true, 2, 1 << 20, 1 << 20), null);
        start();

        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(2);
        win(0);
    }

    @Test
    void rt2WithRetriesDisabledThereIsOneAttempt() {
        fixture = new EngineFixture(4, new RetryLimits(false, 5, 1 << 20, 1 << 20), null);
        start();

        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(1);
        win(0);
    }

    @Test
    void hg2AttemptsTellHowManyWereStartedBefore() {
        start();
        fixture.advanceMs(300);

        assertThat(fixture.previousAttempts()).containsExactly("", "1", "2", "3");
        win(0);
    }

    @Test
    void hg3HeadersCommitAndCancelTheOthersAndTheTimer() {
        start();
        fixture.advanceMs(200);

        headers(1);

        assertThat(isCancelled(0)).isTrue();
        assertThat(isCancelled(1)).isFalse();
        assertThat(isCancelled(2)).isTrue();
        assertThat(fixture.timer.pending()).isZero();
        fixture.runCancels();
        assertThat(recorder.ends()).isZero();
        end(1);
        assertThat(recorder.events).containsExactly("complete");
    }

    @Test
    void hg3WhatALoserReceivesIsNotDelivered() {
        StreamCall<byte[], byte[]> call = start();
        call.request(10);
        fixture.advanceMs(100);
        headers(1);

        FakeTransport loser = fixture.of(fixture.attempt(0));
        loser.headers(fixture.attempt(0), "x-server", "loser");
        loser.message(fixture.attempt(0), 1);
        loser.trailers(fixture.attempt(0), StatusCode.OK);

        assertThat(recorder.events).isEmpty();
        fixture.of(fixture.attempt(1)).message(fixture.attempt(1), 2);
        end(1);
        assertThat(recorder.events).containsExactly("message [2]", "complete");
    }

    @Test
    void hg4AnAttemptThatEndsWithOkAloneEndsTheCall() {
        start();
        fixture.advanceMs(100);

        refuse(0, StatusCode.OK);

        assertThat(recorder.events).containsExactly("complete");
        assertThat(isCancelled(1)).isTrue();
    }

    @Test
    void hg5AFatalCodeEndsTheCallAndCancelsTheOthers() {
        start();
        fixture.advanceMs(100);

        refuse(0, StatusCode.ABORTED);

        assertThat(recorder.events).containsExactly("failure ABORTED");
        assertThat(isCancelled(1)).isTrue();
        fixture.advanceMs(1_000);
        assertThat(fixture.started).hasSize(2);
    }

    /** A loser that waits for a connection ends as soon as it is cancelled, which must not be the call's end. */
    @Test
    void hg5AFatalCodeIsDeliveredAlsoIfALoserEndsFirst() {
        start();
        fixture.pickers.publish(EngineFixture.queueing());
        fixture.advanceMs(100);
        assertThat(fixture.pickers.waiting()).isOne();

        refuse(0, StatusCode.ABORTED);

        assertThat(recorder.events).containsExactly("failure ABORTED");
    }

    // ---- HG-6 ------------------------------------------------------------------------------------------------

    @Test
    void d15ANonFatalFailureSendsTheNextAtOnceAndTheDelayBeginsAnew() {
        start();
        fixture.advanceMs(60);

        refuse(0, StatusCode.UNAVAILABLE);
        assertThat(fixture.started).hasSize(2);
        fixture.advanceMs(99);
        assertThat(fixture.started).hasSize(2);
        fixture.advanceMs(1);
        assertThat(fixture.started).hasSize(3);

        win(1);
    }

    @Test
    void d16APushbackDelaysTheNextAndThenTheCadenceGoesOn() {
        start();
        fixture.advanceMs(60);

        refuse(0, StatusCode.UNAVAILABLE, PUSHBACK, "250");
        fixture.advanceMs(249);
        assertThat(fixture.started).hasSize(1);
        fixture.advanceMs(1);
        assertThat(fixture.started).hasSize(2);
        fixture.advanceMs(100);
        assertThat(fixture.started).hasSize(3);

        win(2);
    }

    @Test
    void hg6APushbackOfZeroSendsTheNextAtOnce() {
        start();

        refuse(0, StatusCode.UNAVAILABLE, PUSHBACK, "0");

        assertThat(fixture.started).hasSize(2);
        win(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "soon", "99999999999"})
    void hg6APushbackThatSaysNoFreezes(String pushback) {
        start();
        fixture.advanceMs(100);

        refuse(0, StatusCode.UNAVAILABLE, PUSHBACK, pushback);
        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(2);
        win(1);
        assertThat(recorder.events).containsExactly("complete");
    }

    @Test
    void hg6APushbackThatSaysNoToTheOnlyAttemptEndsTheCall() {
        start();

        refuse(0, StatusCode.UNAVAILABLE, PUSHBACK, "-1");

        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
    }

    @Test
    void hg6AThrottledFailureFreezes() {
        fixture.throttling(2, 1);
        start();
        fixture.advanceMs(100);

        refuse(0, StatusCode.UNAVAILABLE);
        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(2);
        assertThat(fixture.milliTokens()).isEqualTo(1_000);
        win(1);
    }

    @Test
    void rt12AFatalFailureTakesNoToken() {
        fixture.throttling(10, 1);
        start();

        refuse(0, StatusCode.ABORTED);

        assertThat(fixture.milliTokens()).isEqualTo(10_000);
    }

    // ---- HG-7 to HG-12 ---------------------------------------------------------------------------------------

    @Test
    void hg7AFailedAttemptIsSilentWhileOthersAreUnderWayAndTheLastOneIsDelivered() {
        fixture.stream(BIDI, hedging(POLICY.maxAttempts(2)), recorder);
        fixture.advanceMs(100);

        refuse(0, StatusCode.UNAVAILABLE);
        assertThat(recorder.events).isEmpty();
        refuse(1, StatusCode.CANCELLED);

        assertThat(recorder.events).containsExactly("failure CANCELLED");
    }

    @Test
    void hg7APushbackOfTheLastOneUnderWayIsWaitedForAndTheDeadlineEndsThat() {
        fixture.stream(BIDI, hedging(POLICY).withDeadlineAfter(Duration.ofMillis(200)), recorder);

        refuse(0, StatusCode.UNAVAILABLE, PUSHBACK, "500");
        fixture.advanceMs(200);

        assertThat(recorder.events).containsExactly("failure DEADLINE_EXCEEDED");
    }

    @Test
    void hg8TheThrottleBlocksHedgesAndNeverTheFirstAttempt() {
        fixture.throttling(2, 1);
        fixture.dispatcher.throttle().onFailure();
        start();
        assertThat(fixture.started).hasSize(1);

        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(1);
        win(0);
    }

    @Test
    void hg8OnceBlockedTheCallIsFrozen() {
        fixture.throttling(2, 2);
        fixture.dispatcher.throttle().onFailure();
        start();
        fixture.advanceMs(100);
        fixture.dispatcher.throttle().onSuccess();

        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(1);
        win(0);
    }

    @Test
    void hg8ThePoliciesBudgetBlocksHedgesToo() {
        HedgingPolicy policy = POLICY.maxAttempts(2).budget(0.001);
        for (int i = 0; i < 11; i++) {
            fixture.stream(BIDI, hedging(policy), new StreamRecorder());
        }

        fixture.advanceMs(100);

        assertThat(fixture.started).as("eleven calls, and a burst of ten").hasSize(21);
        for (int i = 0; i < 11; i++) {
            win(i);
        }
    }

    @Test
    void hg9ADroppedHedgeFreezesTheCall() {
        start();
        fixture.pickers.publish(info -> PickResult.drop(Status.of(StatusCode.UNAVAILABLE, "dropped")));
        fixture.advanceMs(100);
        fixture.pickers.publish(fixture.readyPicker());

        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(1);
        assertThat(recorder.ends()).isZero();
        win(0);
    }

    @Test
    void hg9ADropIsDeliveredIfNothingIsUnderWay() {
        fixture.pickers.publish(info -> PickResult.drop(Status.of(StatusCode.UNAVAILABLE, "dropped")));

        start();

        assertThat(recorder.status().message()).isEqualTo("dropped");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UNPROCESSED", "REFUSED"})
    void hg9ATransparentRetryReplacesItsHedge(Kind kind) {
        fixture.stream(BIDI, hedging(POLICY.maxAttempts(2)), recorder);
        fixture.advanceMs(100);

        fixture.of(fixture.attempt(1)).fail(fixture.attempt(1), kind);

        assertThat(fixture.previousAttempts()).containsExactly("", "1", "1");
        fixture.advanceMs(1_000);
        assertThat(fixture.started).hasSize(3);
        win(2);
    }

    @Test
    void hg9ARefusalHappensOnceForAllHedges() {
        start();
        fixture.advanceMs(100);

        fixture.of(fixture.attempt(0)).fail(fixture.attempt(0), Kind.REFUSED);
        fixture.of(fixture.attempt(1)).fail(fixture.attempt(1), Kind.REFUSED);

        assertThat(fixture.previousAttempts())
                .as("the second one is a non-fatal failure, behind which the next hedge goes")
                .containsExactly("", "1", "", "2");
        win(3);
    }

    @Test
    void hg10EachAttemptGetsAllMessagesInOrder() {
        StreamCall<byte[], byte[]> call = start();
        call.trySend(new byte[] {1});
        fixture.advanceMs(100);
        call.trySend(new byte[] {2});
        assertThat(taken(0)).containsExactly(new byte[] {0, 0, 0, 0, 1, 1}, new byte[] {0, 0, 0, 0, 1, 2});
        call.closeSend();
        fixture.advanceMs(100);

        assertThat(taken(1)).containsExactly(new byte[] {0, 0, 0, 0, 1, 1}, new byte[] {0, 0, 0, 0, 1, 2});
        assertThat(taken(2)).containsExactly(new byte[] {0, 0, 0, 0, 1, 1}, new byte[] {0, 0, 0, 0, 1, 2});
        for (int i = 0; i < 3; i++) {
            assertThat(StreamAccess.isRequestTaken(fixture.attempt(i))).isTrue();
        }
        win(1);
    }

    private List<byte[]> taken(int attempt) {
        return StreamAccess.takeMessages(fixture.attempt(attempt));
    }

    @Test
    void hg10TheCallTakesMessagesWhileOneAttemptHasRoom() {
        StreamCall<byte[], byte[]> call = start();
        fixture.advanceMs(100);
        call.trySend(new byte[70_000]);
        assertThat(call.trySend(new byte[1])).as("both are full").isFalse();

        taken(1);
        assertThat(recorder.events).contains("writable");
        assertThat(call.isWritable()).isTrue();
        headers(0);
        assertThat(call.isWritable())
                .as("it is the other one's room that counts now")
                .isFalse();
        end(0);
    }

    @Test
    void hg11APickIsToldWhereTheOthersWent() {
        start();
        fixture.advanceMs(200);

        SocketAddress first = fixture.backends.get(0).remoteAddress();
        SocketAddress second = fixture.backends.get(1).remoteAddress();
        assertThat(fixture.avoided).containsExactly(Set.of(), Set.of(first), Set.of(first, second));
        win(0);
    }

    @Test
    void hg12OverflowCommitsToTheAttemptThatHasSentTheMost() {
        fixture = new EngineFixture(4, new RetryLimits(true, 5, 20, 1 << 20), null);
        StreamCall<byte[], byte[]> call = start();
        call.trySend(new byte[5]);
        call.trySend(new byte[5]);
        fixture.advanceMs(200);
        taken(1);

        call.trySend(new byte[] {9});

        assertThat(isCancelled(0)).isTrue();
        assertThat(isCancelled(1)).isFalse();
        assertThat(isCancelled(2)).isTrue();
        assertThat(taken(1)).containsExactly(new byte[] {0, 0, 0, 0, 1, 9});
        win(1);
        assertThat(recorder.events).containsExactly("complete");
    }

    @Test
    void d23ARequestOverTheLimitIsNotHedged() {
        fixture = new EngineFixture(4, new RetryLimits(true, 5, 7, 1 << 20), null);
        StreamCall<byte[], byte[]> call =
                new StreamCall<>(fixture.dispatcher, SERVER_STREAM, hedging(POLICY), recorder, null);
        call.startWith(new byte[3]);

        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(1);
        win(0);
    }

    // ---- The delay by percentile -----------------------------------------------------------------------------

    /** The latency of a hedge counts from its own start; else hedges would make the delay grow. */
    @Test
    void hg1TheLatencyOfAHedgeIsItsOwn() {
        HedgingPolicy policy = POLICY.maxAttempts(2).delayAtPercentile(50);
        for (int i = 0; i < 80; i++) {
            StreamRecorder each = new StreamRecorder();
            fixture.stream(BIDI, hedging(policy), each);
            while (each.ends() == 0 && fixture.started.size() < 2 * (i + 1)) {
                fixture.advanceMs(10);
            }
            fixture.advanceMs(10);
            win(2 * i + 1);
            fixture.runCancels();
        }

        StreamRecorder last = new StreamRecorder();
        fixture.stream(BIDI, hedging(policy), last);

        assertThat(fixture.timer.nextDelay()).isLessThan(Duration.ofMillis(25));
        win(fixture.started.size() - 1);
    }

    // ---- Ends ------------------------------------------------------------------------------------------------

    @Test
    void dl6ACancelEndsAllAttemptsAndThenTheCallWithItsReason() {
        StreamCall<byte[], byte[]> call = start();
        fixture.advanceMs(100);

        call.cancel("enough", null);
        assertThat(isCancelled(0)).isTrue();
        assertThat(isCancelled(1)).isTrue();
        fixture.runCancels();
        fixture.advanceMs(1_000);

        assertThat(recorder.events).containsExactly("failure CANCELLED");
        assertThat(recorder.status().message()).isEqualTo("enough");
        assertThat(fixture.started).hasSize(2);
    }

    @Test
    void dl6ACancelWhileAllAttemptsWaitEndsTheCallAtOnce() {
        fixture.pickers.publish(EngineFixture.queueing());
        StreamCall<byte[], byte[]> call = start();
        fixture.advanceMs(300);
        assertThat(fixture.pickers.waiting()).isEqualTo(4);

        call.cancel();

        assertThat(recorder.events).containsExactly("failure CANCELLED");
    }

    @Test
    void dl1TheDeadlineOfOneAttemptIsTheEndOfTheCall() {
        fixture.stream(BIDI, hedging(POLICY).withDeadlineAfter(Duration.ofMillis(150)), recorder);
        fixture.advanceMs(150);
        assertThat(fixture.started).hasSize(2);

        fixture.of(fixture.attempt(0)).fail(fixture.attempt(0), Kind.DEADLINE_EXCEEDED);

        assertThat(recorder.events).containsExactly("failure DEADLINE_EXCEEDED");
        assertThat(isCancelled(1)).isTrue();
    }

    @Test
    void dl1TheDeadlineEndsHedgesThatWaitForAConnection() {
        fixture.pickers.publish(EngineFixture.queueing());
        fixture.stream(BIDI, hedging(POLICY).withDeadlineAfter(Duration.ofMillis(150)), recorder);

        fixture.advanceMs(150);

        assertThat(recorder.events).containsExactly("failure DEADLINE_EXCEEDED");
    }

    @Test
    void ch9ShutdownNowEndsAllAttempts() {
        start();
        fixture.advanceMs(100);

        fixture.dispatcher.kill();
        fixture.of(fixture.attempt(0)).fail(fixture.attempt(0), Kind.CONNECTION_LOST);

        assertThat(recorder.events).containsExactly("failure CANCELLED");
        assertThat(isCancelled(1)).isTrue();
    }

    @Test
    void ch9ShutdownNowEndsACallThatWaitsForAPushback() {
        start();
        refuse(0, StatusCode.UNAVAILABLE, PUSHBACK, "500");

        fixture.dispatcher.kill();

        assertThat(recorder.events).containsExactly("failure CANCELLED");
    }

    @Test
    void withoutAPolicyThereIsOneAttempt() {
        fixture.stream(BIDI, CallOptions.DEFAULT, recorder);

        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(1);
        win(0);
    }
}
