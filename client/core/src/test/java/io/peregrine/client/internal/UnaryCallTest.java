package io.peregrine.client.internal;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The way of a call between picker, queue and transport (SPEC PK-3 to PK-8, DL-1 to DL-6, RT-7, RT-8). */
class UnaryCallTest {
    private static final Status DOWN = Status.of(StatusCode.UNAVAILABLE, "10.0.0.1:443 refused");
    private static final CallOptions WAIT = CallOptions.DEFAULT.withWaitForReady(true);
    private static final CallOptions MINUTE = CallOptions.deadlineAfter(Duration.ofMinutes(1));

    private final CallFixture fixture = new CallFixture(2, 100);
    private final FakeTransport transport = fixture.transport;
    private final PickerSnapshot pickers = fixture.pickers;

    @AfterEach
    void releasesEverything() {
        transport.runCancels();
        fixture.assertAllReleased();
    }

    @Test
    void pk4FailFastFailsAtOnceWithThePickersError() {
        pickers.publish(info -> PickResult.fail(DOWN));

        assertThat(fixture.start(CallOptions.DEFAULT).status()).isEqualTo(DOWN);
    }

    @Test
    void pk4WaitForReadyWaitsThroughTransientFailure() {
        pickers.publish(info -> PickResult.fail(DOWN));
        EndRecorder end = fixture.start(WAIT);
        assertThat(end.ends()).isZero();

        pickers.publish(fixture.readyPicker());
        assertThat(transport.live).hasSize(1);
        transport.take().onTrailers(block("grpc-status", "5"), false);

        assertThat(end.status().code()).isEqualTo(StatusCode.NOT_FOUND);
    }

    @Test
    void pk5ADropBeatsWaitForReady() {
        pickers.publish(info -> PickResult.drop(DOWN));

        assertThat(fixture.start(WAIT).status()).isEqualTo(DOWN);
    }

    @Test
    void pk7ASubchannelThatIsNotReadyAnyMoreWaitsForTheNextPicker() {
        transport.answer = StartResult.CLOSED;
        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        assertThat(pickers.waiting()).isEqualTo(1);

        transport.answer = StartResult.ACCEPTED;
        pickers.publish(fixture.readyPicker());

        assertThat(transport.live).hasSize(1);
        transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void aFullCommandQueueIsResourceExhausted() {
        transport.answer = StartResult.OVERLOADED;

        assertThat(fixture.start(CallOptions.DEFAULT).status().code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
    }

    @Test
    void p9OneCallTooManyInTheQueueIsResourceExhausted() {
        pickers.publish(CallFixture.queueing());
        EndRecorder first = fixture.start(CallOptions.DEFAULT);
        EndRecorder second = fixture.start(CallOptions.DEFAULT);

        EndRecorder third = fixture.start(CallOptions.DEFAULT);

        assertThat(third.status().code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
        assertThat(third.status().message()).contains("2");
        pickers.publish(info -> PickResult.fail(DOWN));
        assertThat(first.status()).isEqualTo(DOWN);
        assertThat(second.status()).isEqualTo(DOWN);
    }

    @Test
    void aPickerThatThrowsFailsItsCallAndNoOther() {
        pickers.publish(CallFixture.queueing());
        EndRecorder first = fixture.start(CallOptions.DEFAULT);
        EndRecorder second = fixture.start(CallOptions.DEFAULT);
        IllegalStateException fault = new IllegalStateException("policy");

        Picker throwing = info -> {
            throw fault;
        };
        pickers.publish(throwing);

        assertThat(first.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(second.failures.get(0)).hasCause(fault);
    }

    // ---- Retries ---------------------------------------------------------------------------------------------

    @Test
    void rt8ARefusedCallIsSentOnceMoreAndNoMore() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        transport.fail(StreamFailure.Kind.REFUSED);
        assertThat(transport.started).hasSize(2);
        assertThat(end.ends()).isZero();
        transport.fail(StreamFailure.Kind.REFUSED);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(transport.started).hasSize(2);
    }

    @Test
    void p4ARefusalAfterTheResponseBeganDoesNotSendTheRequestAgain() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        StreamAccess.beginResponse(transport.last());
        transport.last().onHeaders(block(":status", "200", "content-type", "application/grpc"));

        transport.fail(StreamFailure.Kind.REFUSED);

        assertThat(end.ends()).isEqualTo(1);
        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(transport.started).hasSize(1);
    }

    @Test
    void rt7ACallThatNeverLeftIsSentAgainAnyNumberOfTimes() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        for (int i = 0; i < 100; i++) {
            transport.fail(StreamFailure.Kind.UNPROCESSED);
        }
        assertThat(end.ends()).isZero();
        assertThat(transport.started).hasSize(101);

        transport.take().onTrailers(block("grpc-status", "5"), false);
        assertThat(end.status().code()).isEqualTo(StatusCode.NOT_FOUND);
    }

    @Test
    void rt7AFaultThatLeavesACallUnprocessedForEverEndsIt() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        while (!transport.live.isEmpty()) {
            transport.fail(StreamFailure.Kind.UNPROCESSED);
        }

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(transport.started).hasSizeLessThanOrEqualTo(1000);
    }

    @Test
    void p4ALostConnectionIsNoReasonToSendAgain() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(transport.started).hasSize(1);
    }

    @Test
    void eachAttemptSendsTheSameRequest() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);
        transport.fail(StreamFailure.Kind.REFUSED);

        for (Attempt<?> attempt : transport.started) {
            assertThat(StreamAccess.request(attempt))
                    .isEqualTo(Unpooled.wrappedBuffer(new byte[] {0, 0, 0, 0, 3, 1, 2, 3}));
        }

        transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(end.ends()).isEqualTo(1);
    }

    // ---- Cancels and deadlines -------------------------------------------------------------------------------

    @Test
    void dl6ACancelInTheQueueEndsTheCallAndSendsNothing() {
        pickers.publish(CallFixture.queueing());
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.call(CallOptions.DEFAULT, end);
        call.start(CallFixture.REQUEST);

        call.cancel();
        call.cancel();
        pickers.publish(fixture.readyPicker());

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(transport.started).isEmpty();
    }

    @Test
    void dl6ACancelBeforeStartSendsNothing() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.call(CallOptions.DEFAULT, end);

        call.cancel();
        call.start(CallFixture.REQUEST);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(transport.started).isEmpty();
    }

    @Test
    void dl6ACancelOfARunningCallResetsItsStream() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.call(CallOptions.DEFAULT, end);
        call.start(CallFixture.REQUEST);

        call.cancel();
        assertThat(end.ends()).isZero();
        transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void aCancelledCallIsNotSentAgainWhenItIsRefused() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.call(CallOptions.DEFAULT, end);
        call.start(CallFixture.REQUEST);

        call.cancel();
        transport.fail(StreamFailure.Kind.REFUSED);

        assertThat(end.ends()).isEqualTo(1);
        assertThat(transport.started).hasSize(1);
    }

    @Test
    void pk8ADeadlineInTheQueueSaysWhatTheCallWaitedFor() {
        pickers.publish(info -> PickResult.fail(DOWN));
        EndRecorder end = fixture.start(MINUTE.withWaitForReady(true));

        fixture.timer.advance(Duration.ofMinutes(1));

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(end.status().message()).contains("10.0.0.1:443 refused");
    }

    @Test
    void pk8ADeadlineWithoutAPickErrorNamesTheLastFailureOfTheChannel() {
        pickers.publish(CallFixture.queueing());
        EndRecorder end = fixture.start(MINUTE);

        fixture.timer.advance(Duration.ofMinutes(1));

        assertThat(end.status().message()).contains("the last connection failed");
    }

    @Test
    void pk8ACancelInTheQueueSaysWhatTheCallWaitedFor() {
        pickers.publish(info -> PickResult.fail(DOWN));
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.call(MINUTE.withWaitForReady(true), end);
        call.start(CallFixture.REQUEST);

        call.cancel();

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(end.status().message())
                .isEqualTo("cancelled while waiting for a connection; last error: " + DOWN.message());
    }

    @Test
    void pk8ACancelOfACallThatHasAConnectionSaysNothingOfWaits() {
        pickers.publish(CallFixture.queueing());
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.call(MINUTE, end);
        call.start(CallFixture.REQUEST);
        pickers.publish(fixture.readyPicker());

        call.cancel();
        transport.runCancels();

        assertThat(end.status()).isEqualTo(Status.of(StatusCode.CANCELLED, "cancelled"));
    }

    @Test
    void theQueuesTimerGoesWithTheCall() {
        pickers.publish(CallFixture.queueing());
        EndRecorder end = fixture.start(MINUTE);
        assertThat(fixture.timer.pending()).isEqualTo(1);

        pickers.publish(info -> PickResult.fail(DOWN));

        assertThat(end.ends()).isEqualTo(1);
        assertThat(fixture.timer.pending()).isZero();
    }

    @Test
    void aDeadlineThatPassesBetweenTheTimerAndTheQueueIsNotMissed() {
        pickers.publish(CallFixture.queueing());
        fixture.timer.onSchedule(fixture.timer::runPending);

        EndRecorder end = fixture.start(MINUTE);

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
    }

    @Test
    void aDeadlineThatPassesBetweenTwoWaitsIsNotMissed() {
        pickers.publish(CallFixture.queueing());
        EndRecorder end = fixture.start(MINUTE);

        pickers.publish(info -> {
            fixture.timer.advance(Duration.ofMinutes(1));
            return PickResult.queue();
        });

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
    }

    @Test
    void aTimerThatIsGoneEndsTheCallInsteadOfLettingItWaitForEver() {
        pickers.publish(CallFixture.queueing());
        fixture.timer.shutdown();

        assertThat(fixture.start(MINUTE).status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void aKilledChannelsCallsAreCancelledAndNotSentAgain() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        fixture.dispatcher.kill();
        transport.fail(StreamFailure.Kind.UNPROCESSED);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(transport.started).hasSize(1);
    }

    // ---- Requests --------------------------------------------------------------------------------------------

    @Test
    void ms2ARequestOverTheLimitIsResourceExhaustedAndNotSent() {
        EndRecorder end = new EndRecorder();

        fixture.call(CallOptions.DEFAULT, end).start(new byte[101]);

        assertThat(end.status().code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
        assertThat(end.status().message()).contains("101").contains("100");
        assertThat(transport.started).isEmpty();
    }

    @Test
    void ms6AMarshallerThatThrowsIsInternal() {
        IllegalArgumentException fault = new IllegalArgumentException("no such field");
        EndRecorder end = startWith(new RequestMarshaller() {
            @Override
            public int encodedSize(byte[] message) {
                throw fault;
            }
        });

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.failures.get(0)).hasCause(fault).hasMessageContaining("no such field");
    }

    @Test
    void ms6AMarshallerThatThrowsWhileItWritesReleasesTheBuffer() {
        EndRecorder end = startWith(new RequestMarshaller() {
            @Override
            public void write(byte[] message, ByteBuf out) {
                throw new AssertionError("half way");
            }
        });

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
    }

    @Test
    void aMarshallerThatWritesAnotherNumberOfBytesThanItSaidIsInternal() {
        EndRecorder end = startWith(new RequestMarshaller() {
            @Override
            public void write(byte[] message, ByteBuf out) {
                out.writeZero(message.length + 1);
            }
        });

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
    }

    // ---- Callbacks -------------------------------------------------------------------------------------------

    @Test
    void callbacksRunOnTheExecutorOfTheOptionsInOrder() {
        List<Runnable> tasks = new ArrayList<>();
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withExecutor(tasks::add));

        transport.last().onHeaders(block(":status", "200", "content-type", "application/grpc", "x", "1"));
        transport.take().onTrailers(block("grpc-status", "5"), false);
        assertThat(end.events).isEmpty();
        assertThat(tasks).hasSize(1);
        tasks.forEach(Runnable::run);

        assertThat(end.events).containsExactly("headers", "failure");
    }

    @Test
    void p14AnExecutorThatRejectsStillGetsTheCallItsEnd() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withExecutor(task -> {
            throw new RejectedExecutionException("full");
        }));

        transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(end.status().message()).contains("executor");
    }

    @Test
    void p1AnExecutorThatRunsTheTaskAndThenThrowsEndsTheCallOnce() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withExecutor(task -> {
            task.run();
            throw new IllegalStateException("broken executor");
        }));

        transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void p1AnExecutorThatKeepsTheTaskAndThrowsEndsTheCallOnce() {
        List<Runnable> kept = new ArrayList<>();
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withExecutor(task -> {
            kept.add(task);
            throw new RejectedExecutionException("full, I think");
        }));

        transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        kept.forEach(Runnable::run);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void p12WhatACallbackThrowsGoesNoFurther() {
        List<String> told = new ArrayList<>();
        CallbackCall<byte[], byte[]> call =
                new CallbackCall<>(fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT, new UnaryCallback<>() {
                    @Override
                    public void onSuccess(byte[] response, Metadata trailers) {
                        throw new AssertionError("not expected");
                    }

                    @Override
                    public void onFailure(StatusException failure) {
                        told.add("failure");
                        throw new IllegalStateException("application fault");
                    }

                    @Override
                    public void onHeaders(Metadata headers) {
                        told.add("headers");
                        throw new IllegalStateException("application fault");
                    }
                });
        call.start(CallFixture.REQUEST);

        transport.last().onHeaders(block(":status", "200", "content-type", "application/grpc", "x", "1"));
        transport.take().onTrailers(block("grpc-status", "5"), false);

        assertThat(told).containsExactly("headers", "failure");
    }

    @Test
    void aFutureFailsWithTheStatusAndItsCancelCancelsTheCall() {
        FutureCall<byte[], byte[]> failing =
                new FutureCall<>(fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT);
        failing.start(CallFixture.REQUEST);
        transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        CompletableFuture<byte[]> failed = failing.future();
        assertThatExceptionOfType(CompletionException.class)
                .isThrownBy(failed::join)
                .withCauseInstanceOf(StatusException.class);

        FutureCall<byte[], byte[]> running =
                new FutureCall<>(fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT);
        running.start(CallFixture.REQUEST);
        assertThat(running.future().cancel(false)).isTrue();

        assertThat(transport.toCancel).hasSize(1);
    }

    @Test
    void aCallbackMayStartTheNextCall() {
        EndRecorder next = new EndRecorder();
        CallbackCall<byte[], byte[]> call =
                new CallbackCall<>(fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT, new UnaryCallback<>() {
                    @Override
                    public void onSuccess(byte[] response, Metadata trailers) {
                        throw new AssertionError("not expected");
                    }

                    @Override
                    public void onFailure(StatusException failure) {
                        fixture.call(CallOptions.DEFAULT, next).start(CallFixture.REQUEST);
                    }
                });
        call.start(CallFixture.REQUEST);

        transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        transport.take().onTrailers(block("grpc-status", "5"), false);

        assertThat(next.status().code()).isEqualTo(StatusCode.NOT_FOUND);
    }

    private EndRecorder startWith(Marshaller<byte[]> requestMarshaller) {
        EndRecorder end = new EndRecorder();
        new CallbackCall<>(
                        fixture.dispatcher,
                        CallFixture.method(requestMarshaller, Marshallers.bytes()),
                        CallOptions.DEFAULT,
                        end)
                .start(CallFixture.REQUEST);
        return end;
    }

    private static class RequestMarshaller implements Marshaller<byte[]> {
        @Override
        public int encodedSize(byte[] message) {
            return message.length;
        }

        @Override
        public void write(byte[] message, ByteBuf out) {
            out.writeBytes(message);
        }

        @Override
        public byte[] read(ByteBuf message) {
            throw new AssertionError("not expected");
        }
    }
}
