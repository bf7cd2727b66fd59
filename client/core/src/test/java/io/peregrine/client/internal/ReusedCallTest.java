package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A call object serves one call after the other, and nobody can tell. */
class ReusedCallTest {
    /** More than a pool keeps for a thread. */
    private static final int ALL = 2_000;

    private final CallFixture fixture = new CallFixture();
    private final FakeTransport transport = fixture.transport;

    @AfterEach
    void releasesEverything() {
        transport.runCancels();
        fixture.assertAllReleased();
    }

    @Test
    void aCallThatEndedAsUsualIsUsedAgain() {
        CallbackCall<byte[], byte[]> call = started(new EndRecorder());
        transport.respond(transport.last(), 7);

        assertThat(isUsedAgain(call)).isTrue();
    }

    @Test
    void eachUseHasItsOwnResponse() {
        List<EndRecorder> ends = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            EndRecorder end = new EndRecorder();
            ends.add(end);
            started(end);
            transport.respond(transport.last(), i);
        }

        for (int i = 0; i < 100; i++) {
            assertThat(ends.get(i).response()).containsExactly(i);
            assertThat(ends.get(i).events).containsExactly("success");
        }
    }

    @Test
    void aCancelThatComesLateIsOfTheCallThatHasEnded() {
        CallbackCall<byte[], byte[]> call = started(new EndRecorder());
        Cancellable late = call.handle();
        transport.respond(transport.last(), 1);
        EndRecorder next = new EndRecorder();
        CallbackCall<byte[], byte[]> again = startedAgain(call, next);

        late.cancel();

        assertThat(transport.toCancel).isEmpty();
        transport.respond(transport.last(), 2);
        assertThat(next.response()).containsExactly(2);
        assertThat(again).isSameAs(call);
    }

    @Test
    void aCancelOfTheCurrentUseCancelsIt() {
        CallbackCall<byte[], byte[]> call = started(new EndRecorder());
        transport.respond(transport.last(), 1);
        EndRecorder next = new EndRecorder();
        startedAgain(call, next).handle().cancel();
        transport.runCancels();

        assertThat(next.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(isUsedAgain(call)).isFalse();
    }

    @Test
    void aCallThatWasCancelledIsNotUsedAgainAlthoughItsResponseCameFirst() {
        EndRecorder end = new EndRecorder();
        CallbackCall<byte[], byte[]> call = started(end);
        call.handle().cancel();
        transport.respond(transport.last(), 1);

        assertThat(end.response()).containsExactly(1);
        assertThat(isUsedAgain(call)).isFalse();
    }

    @Test
    void aCallThatFailedIsNotUsedAgain() {
        EndRecorder end = new EndRecorder();
        CallbackCall<byte[], byte[]> call = started(end);
        transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(end.ends()).isEqualTo(1);
        assertThat(isUsedAgain(call)).isFalse();
    }

    @Test
    void aCallThatWaitedForAConnectionIsNotUsedAgain() {
        fixture.pickers.publish(CallFixture.queueing());
        EndRecorder end = new EndRecorder();
        CallbackCall<byte[], byte[]> call = started(end);
        fixture.pickers.publish(fixture.readyPicker());
        transport.respond(transport.last(), 1);

        assertThat(end.response()).containsExactly(1);
        assertThat(isUsedAgain(call)).isFalse();
    }

    @Test
    void aCallThatWasRetriedIsNotUsedAgain() {
        RetryPolicy policy = RetryPolicy.immediate().maxAttempts(2).on(StatusCode.UNAVAILABLE);
        EndRecorder end = new EndRecorder();
        CallbackCall<byte[], byte[]> call = started(CallOptions.DEFAULT.withRetry(policy), end);
        transport.refuse(transport.last(), StatusCode.UNAVAILABLE);
        fixture.timer.advance(Duration.ofSeconds(1));
        transport.respond(transport.last(), 1);

        assertThat(end.response()).containsExactly(1);
        assertThat(isUsedAgain(call)).isFalse();
    }

    @Test
    void theCallbackMayMakeTheNextCallWithTheSameObject() {
        int[] left = {50};
        List<Byte> responses = new ArrayList<>();
        started(new UnaryCallback<>() {
            @Override
            public void onSuccess(byte[] response, Metadata trailers) {
                responses.add(response[0]);
                if (left[0]-- > 0) {
                    started(this);
                }
            }

            @Override
            public void onFailure(StatusException failure) {
                throw new AssertionError(failure);
            }
        });

        for (int i = 0; i <= 50; i++) {
            transport.respond(transport.last(), i);
        }

        assertThat(responses).hasSize(51).isSorted();
    }

    @Test
    void aCallbackThatThrowsHarmsNoCall() {
        started(new UnaryCallback<>() {
            @Override
            public void onSuccess(byte[] response, Metadata trailers) {
                throw new IllegalStateException("thrown by the application");
            }

            @Override
            public void onFailure(StatusException failure) {
                throw new AssertionError(failure);
            }
        });
        transport.respond(transport.last(), 1);

        EndRecorder next = new EndRecorder();
        started(next);
        transport.respond(transport.last(), 2);
        assertThat(next.response()).containsExactly(2);
    }

    @Test
    void aBlockingCallIsUsedAgain() {
        transport.afterAccept = () -> transport.respond(transport.last(), 9);
        BlockingCall<byte[], byte[]> call =
                BlockingCall.reused(fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT);
        call.start(CallFixture.REQUEST);
        assertThat(call.await()).containsExactly(9);

        Set<Object> taken = new HashSet<>();
        for (int i = 0; i < ALL; i++) {
            taken.add(BlockingCall.reused(fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT));
        }
        assertThat(taken).contains(call).hasSize(ALL);
    }

    private CallbackCall<byte[], byte[]> started(UnaryCallback<byte[]> end) {
        return started(CallOptions.DEFAULT, end);
    }

    private CallbackCall<byte[], byte[]> started(CallOptions options, UnaryCallback<byte[]> end) {
        CallbackCall<byte[], byte[]> call = CallbackCall.reused(fixture.dispatcher, CallFixture.ECHO, options, end);
        call.start(CallFixture.REQUEST);
        return call;
    }

    /** The next use of a spent call, which the pool is asked for until it comes. */
    private CallbackCall<byte[], byte[]> startedAgain(CallbackCall<byte[], byte[]> spent, UnaryCallback<byte[]> end) {
        for (int i = 0; i < ALL; i++) {
            CallbackCall<byte[], byte[]> taken =
                    CallbackCall.reused(fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT, end);
            if (taken == spent) {
                taken.start(CallFixture.REQUEST);
                return taken;
            }
        }
        throw new AssertionError("the call was not kept");
    }

    private boolean isUsedAgain(CallbackCall<byte[], byte[]> call) {
        boolean found = false;
        for (int i = 0; i < ALL; i++) {
            found |= CallbackCall.reused(fixture.dispatcher, CallFixture.ECHO, CallOptions.DEFAULT, new EndRecorder())
                    == call;
        }
        return found;
    }
}
