package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.DoneInfo;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.InertSubConn;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.transport.header.HeaderFields;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of a picker's result, and what the picker is told of it (SPEC PK-1 to PK-11). */
class PickTest {
    private static final CallOptions PATIENT = CallOptions.DEFAULT.withWaitForReady(true);
    private static final Metadata.Key<String> ROUTE = Metadata.Key.of("x-route");

    private final CallFixture fixture = new CallFixture();
    private final FakeTransport transport = fixture.transport;
    private final Dones dones = new Dones();

    @AfterEach
    void releasesEverything() {
        transport.runCancels();
        fixture.assertAllReleased();
    }

    // ---- PK-2 to PK-5 ----------------------------------------------------------------------------------------

    @Test
    void pk2TheFourThingsThatAPickerMaySay() {
        publish(tracked());
        EndRecorder sent = fixture.start(CallOptions.DEFAULT);
        transport.respond(transport.last(), 1);
        publish(PickResult.queue());
        EndRecorder waiting = fixture.start(CallOptions.DEFAULT);
        assertThat(waiting.ends()).isZero();
        publish(PickResult.fail(unavailable("down")));
        publish(PickResult.drop(Status.of(StatusCode.RESOURCE_EXHAUSTED, "enough")));
        EndRecorder dropped = fixture.start(PATIENT);

        assertThat(sent.response()).containsExactly(1);
        assertThat(waiting.status()).isEqualTo(unavailable("down"));
        assertThat(dropped.status()).isEqualTo(Status.of(StatusCode.RESOURCE_EXHAUSTED, "enough"));
    }

    /** Nor does it hang a call that waited, whose thread would have nobody to throw at. */
    @Test
    void pk2APickerThatSaysNothingFailsItsCallWithInternal() {
        publish(PickResult.queue());
        EndRecorder waiting = fixture.start(PATIENT);

        fixture.pickers.publish(info -> nothing());
        EndRecorder late = fixture.start(CallOptions.DEFAULT);

        for (EndRecorder end : List.of(waiting, late)) {
            assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
            assertThat(end.status().message()).contains("the picker threw", "null in place of a result");
        }
    }

    @SuppressWarnings("NullAway") // What a policy without NullAway may do.
    private static PickResult nothing() {
        return null;
    }

    @Test
    void pk3ACallAsksEachPickerOnce() {
        AtomicInteger asked = new AtomicInteger();
        Picker first = info -> {
            asked.incrementAndGet();
            return PickResult.queue();
        };
        fixture.pickers.publish(first);
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        assertThat(asked).hasValue(1);
        publish(tracked());
        assertThat(asked).hasValue(1);
        transport.respond(transport.last(), 1);
        assertThat(end.response()).containsExactly(1);
    }

    @Test
    void pk5AndRt9ADropIsNotRetried() {
        AtomicInteger asked = new AtomicInteger();
        fixture.pickers.publish(info -> {
            asked.incrementAndGet();
            return PickResult.drop(unavailable("dropped"));
        });

        EndRecorder end = fixture.start(PATIENT.withRetry(retryUnavailable()));

        assertThat(end.status().message()).isEqualTo("dropped");
        assertThat(asked).hasValue(1);
    }

    @Test
    void pk10CallsThatWaitGoInTheOrderOfTheirArrival() {
        publish(PickResult.queue());
        List<EndRecorder> ends = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            ends.add(fixture.start(CallOptions.DEFAULT));
        }

        publish(tracked());

        for (int i = 0; i < ends.size(); i++) {
            transport.respond(transport.started.get(i), i);
            assertThat(ends.get(i).response()).containsExactly(i);
        }
    }

    // ---- PK-7, PK-9 ------------------------------------------------------------------------------------------

    @Test
    void pk9TheEndOfACallIsToldWithItsStatusAndWhatWasSentAndReceived() {
        publish(tracked());
        fixture.start(CallOptions.DEFAULT);
        transport.respond(transport.last(), 1);
        fixture.start(CallOptions.DEFAULT);
        transport.refuse(transport.last(), StatusCode.NOT_FOUND, "x-route", "b");
        fixture.start(CallOptions.DEFAULT);
        transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(dones.ended)
                .extracting(done -> done.status.code())
                .containsExactly(StatusCode.OK, StatusCode.NOT_FOUND, StatusCode.UNAVAILABLE);
        assertThat(dones.ended).extracting(done -> done.sent).containsOnly(true);
        assertThat(dones.ended.get(0).responded).isTrue();
        assertThat(dones.ended.get(1).trailers.get(ROUTE)).isEqualTo("b");
        assertThat(dones.ended.get(2).responded).isFalse();
    }

    @Test
    void pk9ItIsToldOfItsTimes() {
        publish(tracked());
        fixture.start(CallOptions.deadlineAfter(Duration.ofSeconds(5)));
        transport.respond(transport.last(), 1);
        fixture.start(CallOptions.DEFAULT);
        transport.respond(transport.last(), 1);

        assertThat(dones.ended.get(0).timeoutNs)
                .isBetween(
                        Duration.ofSeconds(4).toNanos(), Duration.ofSeconds(5).toNanos());
        assertThat(dones.ended.get(1).timeoutNs).isEqualTo(Long.MAX_VALUE);
        assertThat(dones.ended).allSatisfy(done -> assertThat(done.elapsedNs).isNotNegative());
    }

    @Test
    void pk7ASubchannelThatIsNotReadyAnyMoreIsToldAsNotSentAndTheNextPickerIsAsked() {
        fixture.context.execute(fixture.ready::shutdown);
        publish(tracked());
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        assertThat(end.ends()).isZero();
        assertThat(dones.ended).hasSize(1);
        assertThat(dones.ended.get(0).sent).isFalse();
        assertThat(dones.ended.get(0).status.code()).isEqualTo(StatusCode.UNAVAILABLE);
        publish(PickResult.fail(unavailable("gone")));
        assertThat(end.status()).isEqualTo(unavailable("gone"));
        assertThat(dones.open).isZero();
    }

    @Test
    void pk7AConnectionThatTakesNoMoreCallsIsToldAsNotSent() {
        publish(tracked());
        transport.answer = StartResult.CLOSED;
        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        assertThat(dones.ended)
                .singleElement()
                .satisfies(done -> assertThat(done.sent).isFalse());

        transport.answer = StartResult.ACCEPTED;
        publish(tracked());
        transport.respond(transport.last(), 1);

        assertThat(end.response()).containsExactly(1);
        assertThat(dones.ended).extracting(done -> done.sent).containsExactly(false, true);
    }

    @Test
    void pk9AFullEventLoopIsToldAsNotSent() {
        publish(tracked());
        transport.answer = StartResult.OVERLOADED;

        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        assertThat(end.status().code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
        assertThat(dones.ended)
                .singleElement()
                .satisfies(done -> assertThat(done.sent).isFalse());
    }

    @Test
    void pk9ACancelAndADeadlineAreTold() {
        publish(tracked());
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.call(CallOptions.DEFAULT, end);
        call.start(CallFixture.REQUEST);
        call.cancel();
        assertThat(dones.open).isEqualTo(1);
        transport.runCancels();
        fixture.start(CallOptions.DEFAULT);
        transport.fail(StreamFailure.Kind.DEADLINE_EXCEEDED);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(dones.ended)
                .extracting(done -> done.status.code())
                .containsExactly(StatusCode.CANCELLED, StatusCode.DEADLINE_EXCEEDED);
    }

    @Test
    void pk9EachAttemptOfARetriedCallIsTold() {
        publish(tracked());
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withRetry(retryUnavailable()));
        transport.refuse(transport.last(), StatusCode.UNAVAILABLE);
        fixture.timer.advance(Duration.ofSeconds(1));
        transport.respond(transport.last(), 1);

        assertThat(end.response()).containsExactly(1);
        assertThat(dones.ended)
                .extracting(done -> done.status.code())
                .containsExactly(StatusCode.UNAVAILABLE, StatusCode.OK);
    }

    @Test
    void pk9EachHedgeIsTold() {
        publish(tracked());
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withHedging(
                HedgingPolicy.after(Duration.ofMillis(10)).maxAttempts(3)));
        fixture.timer.advance(Duration.ofMillis(25));
        assertThat(dones.open).isEqualTo(3);

        transport.respond(transport.started.get(1), 1);
        transport.runCancels();

        assertThat(end.response()).containsExactly(1);
        assertThat(dones.open).isZero();
        assertThat(dones.ended).hasSize(3);
    }

    @Test
    void pk9ASubchannelThatIsNotTheChannelsIsTold() {
        publish(PickResult.of(InertSubConn.at("10.0.0.1")).onDone(dones.begin()));

        EndRecorder end = fixture.start(PATIENT);

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).contains("expected: a subchannel of the channel's own");
        assertThat(dones.ended)
                .singleElement()
                .satisfies(done -> assertThat(done.sent).isFalse());
    }

    @Test
    void pk9WhatAnEarlierCallSentIsForgotten() {
        publish(tracked());
        fixture.start(CallOptions.DEFAULT);
        transport.respond(transport.last(), 1);
        fixture.pickers.publish(fixture.readyPicker());
        fixture.start(CallOptions.DEFAULT);
        transport.respond(transport.last(), 1);

        publish(PickResult.of(InertSubConn.at("10.0.0.1")).onDone(dones.begin()));
        fixture.start(CallOptions.DEFAULT);

        assertThat(dones.ended).extracting(done -> done.sent).containsExactly(true, false);
    }

    @Test
    void pk9TwoListenersAreToldInTheOrderInWhichTheyWereAdded() {
        List<String> told = new ArrayList<>();
        publish(PickResult.of(fixture.ready).onDone(done -> told.add("leaf")).onDone(done -> told.add("parent")));

        fixture.start(CallOptions.DEFAULT);
        transport.respond(transport.last(), 1);

        assertThat(told).containsExactly("leaf", "parent");
    }

    @Test
    void pk9AListenerThatThrowsHurtsNoCall() {
        publish(PickResult.of(fixture.ready).onDone(done -> {
            throw new IllegalStateException("a fault of the policy");
        }));

        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        transport.respond(transport.last(), 1);

        assertThat(end.response()).containsExactly(1);
    }

    // ---- PK-11 -----------------------------------------------------------------------------------------------

    @Test
    void pk11FieldsOfThePickerGoIntoTheHeadersOfTheAttemptOnly() {
        Metadata own = Metadata.builder().put(Metadata.Key.of("x-own"), "1").build();
        publish(PickResult.of(fixture.ready)
                .withMetadata(Metadata.builder().put(ROUTE, "east").build()));
        fixture.start(CallOptions.DEFAULT.withMetadata(own));

        assertThat(names(transport.last())).contains("x-own", "x-route");
        transport.respond(transport.last(), 1);
        assertThat(own.get(ROUTE)).isNull();
        fixture.pickers.publish(fixture.readyPicker());
        fixture.start(CallOptions.DEFAULT.withMetadata(own));
        assertThat(names(transport.last())).contains("x-own").doesNotContain("x-route");
        transport.respond(transport.last(), 1);
    }

    @Test
    void pk11FieldsOfAPickThatCameToNothingAreForgotten() {
        transport.answer = StartResult.CLOSED;
        publish(PickResult.of(fixture.ready)
                .withMetadata(Metadata.builder().put(ROUTE, "east").build()));
        fixture.start(CallOptions.DEFAULT);
        transport.answer = StartResult.ACCEPTED;

        fixture.pickers.publish(fixture.readyPicker());

        assertThat(names(transport.last())).doesNotContain("x-route");
        transport.respond(transport.last(), 1);
    }

    @Test
    void pk2AnAuthorityOfThePickerIsForCallsThatNameNone() {
        publish(PickResult.of(fixture.ready).withAuthority("picked.test"));
        fixture.start(CallOptions.DEFAULT);
        assertThat(authority(transport.last())).isEqualTo("picked.test");
        transport.respond(transport.last(), 1);

        fixture.start(CallOptions.DEFAULT.withAuthority("own.test"));

        assertThat(authority(transport.last())).isEqualTo("own.test");
        transport.respond(transport.last(), 1);
    }

    @Test
    void tg6TheCallsAuthorityComesBeforeThePickersThatBeforeTheServersAndThatBeforeTheChannels() {
        PickResult named = PickResult.of(fixture.readySubConnection("server.test"));
        List<String> sent = new ArrayList<>();

        for (PickResult picked : List.of(named.withAuthority("picked.test"), named, PickResult.of(fixture.ready))) {
            for (CallOptions options : List.of(CallOptions.DEFAULT.withAuthority("own.test"), CallOptions.DEFAULT)) {
                publish(picked);
                fixture.start(options);
                sent.add(authority(transport.last()));
                transport.respond(transport.last(), 1);
            }
        }

        assertThat(sent).containsExactly("own.test", "picked.test", "own.test", "server.test", "own.test", "echo.test");
    }

    @Test
    void pk1APickerThatThrowsFailsItsCallOnly() {
        fixture.pickers.publish(info -> {
            throw new IllegalStateException("a fault of the policy");
        });

        EndRecorder end = fixture.start(PATIENT);

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).contains("a fault of the policy");
    }

    @Test
    void pk1AResultIsMadeOnceForAnyNumberOfCallsAtATime() {
        PickResult result = tracked();
        Set<PickResult> picked = new HashSet<>();
        fixture.pickers.publish(info -> {
            picked.add(result);
            return result;
        });
        for (int i = 0; i < 3; i++) {
            fixture.start(CallOptions.DEFAULT);
        }
        assertThat(picked).hasSize(1);

        for (Attempt<?> attempt : List.copyOf(transport.live)) {
            transport.respond(attempt, 1);
        }
        assertThat(dones.ended).hasSize(3);
    }

    /** A result whose listener counts. */
    private PickResult tracked() {
        return PickResult.of(fixture.ready).onDone(dones);
    }

    /** A picker that counts its picks, if they are tracked. */
    private void publish(PickResult result) {
        fixture.pickers.publish(info -> {
            if (result.doneListener() == dones) {
                dones.open++;
            }
            return result;
        });
    }

    private static List<String> names(Attempt<?> attempt) {
        HeaderFields fields = StreamAccess.fields(attempt);
        List<String> names = new ArrayList<>();
        for (int i = 0; fields != null && i < fields.size(); i++) {
            names.add(fields.wireName(i).toString());
        }
        return names;
    }

    private static String authority(Attempt<?> attempt) {
        return StreamAccess.template(attempt).authority();
    }

    private static Status unavailable(String message) {
        return Status.of(StatusCode.UNAVAILABLE, message);
    }

    private static RetryPolicy retryUnavailable() {
        return RetryPolicy.fixed(Duration.ofMillis(100)).maxAttempts(3);
    }

    /** The end of an attempt, as it was told. */
    private record Done(
            Status status, Metadata trailers, boolean sent, boolean responded, long elapsedNs, long timeoutNs) {}

    /** Counts what begins and keeps what ends. */
    private static final class Dones implements DoneListener {
        final List<Done> ended = new ArrayList<>();
        int open;

        /** For a picker that does not count. */
        DoneListener begin() {
            return done -> {
                open++;
                onDone(done);
            };
        }

        @Override
        public void onDone(DoneInfo done) {
            open--;
            ended.add(new Done(
                    done.status(),
                    done.trailers(),
                    done.isSent(),
                    done.isResponded(),
                    done.elapsedNs(),
                    done.timeoutNs()));
        }
    }
}
