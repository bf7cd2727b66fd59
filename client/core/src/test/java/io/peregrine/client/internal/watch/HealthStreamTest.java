package io.peregrine.client.internal.watch;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.netty.buffer.Unpooled;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.balancer.InertSubConn;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.testkit.VirtualTimer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the answers of a health service mean (SPEC 2.9), with streams that the test answers, in virtual time. */
class HealthStreamTest {
    private final VirtualTimer timer = new VirtualTimer();
    private final SyncContext context = new SyncContext(timer, thrown -> {
        throw new AssertionError(thrown);
    });
    private final AtomicBoolean logged = new AtomicBoolean();
    private final List<ConnectivityState> told = new ArrayList<>();
    private final List<Status> statuses = new ArrayList<>();
    private final List<FakeCall> calls = new ArrayList<>();
    private final WatchStream<Integer> watch = newWatch("echo");

    private WatchStream<Integer> newWatch(String service) {
        SubConn.Listener listener = (state, status) -> {
            told.add(state);
            statuses.add(status);
        };
        return new WatchStream<>(
                callback -> {
                    FakeCall call = new FakeCall(callback);
                    calls.add(call);
                    return call;
                },
                context,
                timer::nanoTime,
                new HealthStream(InertSubConn.at("10.0.0.1"), service, listener, logged));
    }

    @Test
    void hc2TheRequestNamesTheService() throws Exception {
        assertThat(HealthCheckRequest.parseFrom(HealthStream.request("ächo")).getService())
                .isEqualTo("ächo");
        assertThat(HealthStream.request("")).isEmpty();
        assertThat(HealthStream.METHOD.fullName()).isEqualTo("grpc.health.v1.Health/Watch");
    }

    @ParameterizedTest
    @EnumSource(
            value = ServingStatus.class,
            names = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"})
    void hc3OnlyServingIsReadyAndAnythingElseNamesItself(ServingStatus status) throws Exception {
        context.execute(watch::start);

        answer(status);

        if (status == ServingStatus.SERVING) {
            assertThat(told).containsExactly(ConnectivityState.READY);
        } else {
            assertThat(told).containsExactly(ConnectivityState.TRANSIENT_FAILURE);
            assertThat(last().code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(last().message()).isEqualTo("the service \"echo\" at /10.0.0.1:1 is " + status.name());
        }
    }

    @Test
    void hc3WhatAServerRepeatsIsToldOnce() throws Exception {
        context.execute(watch::start);
        answer(ServingStatus.SERVING);
        answer(ServingStatus.SERVING);
        answer(ServingStatus.NOT_SERVING);
        answer(ServingStatus.NOT_SERVING);
        answer(ServingStatus.SERVING);

        assertThat(told)
                .containsExactly(ConnectivityState.READY, ConnectivityState.TRANSIENT_FAILURE, ConnectivityState.READY);
    }

    @Test
    void hc4AServerWithoutHealthChecksIsHealthyAndNotAskedAgainOnThisConnection() {
        context.execute(watch::start);

        end(StatusCode.UNIMPLEMENTED);
        timer.advance(Duration.ofHours(1));

        assertThat(told).containsExactly(ConnectivityState.READY);
        assertThat(calls).hasSize(1);
        assertThat(logged).isTrue();
        context.execute(watch::stop);
        context.execute(watch::start);
        assertThat(calls).as("the next connection").hasSize(2);
    }

    @Test
    void hc5AnyOtherEndIsAFailureAndAskedAgainWithBackoff() {
        context.execute(watch::start);

        end(StatusCode.INTERNAL);
        assertThat(told).containsExactly(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(last().message()).contains("the health check of the service \"echo\"", "INTERNAL");
        assertThat(timer.nextDelay()).isBetween(Duration.ofMillis(799), Duration.ofMillis(1201));
        timer.advance(Duration.ofMillis(1201));
        assertThat(calls).hasSize(2);
        end(StatusCode.INTERNAL);

        // Of 1.6 s and its jitter, less what has passed since the stream began, which is less than 0.41 s.
        assertThat(timer.nextDelay()).isBetween(Duration.ofMillis(1279 - 410), Duration.ofMillis(1921));
    }

    @Test
    void hc5AStreamThatHasHadAnAnswerIsOpenedAgainAtOnce() throws Exception {
        context.execute(watch::start);
        end(StatusCode.INTERNAL);
        timer.advance(Duration.ofMillis(1201));
        answer(ServingStatus.SERVING);
        timer.advance(Duration.ofMillis(1201));

        end(StatusCode.UNAVAILABLE);
        assertThat(timer.nextDelay()).isZero();
        timer.advance(Duration.ZERO);

        assertThat(calls).hasSize(3);
        answer(ServingStatus.SERVING);
        assertThat(told)
                .containsExactly(
                        ConnectivityState.TRANSIENT_FAILURE,
                        ConnectivityState.READY,
                        ConnectivityState.TRANSIENT_FAILURE,
                        ConnectivityState.READY);
    }

    private Status last() {
        return statuses.get(statuses.size() - 1);
    }

    private void answer(ServingStatus status) throws Exception {
        byte[] encoded = HealthCheckResponse.newBuilder()
                .setStatusValue(status.getNumber())
                .build()
                .toByteArray();
        calls.get(calls.size() - 1)
                .callback
                .onMessage(HealthStream.METHOD.responseMarshaller().read(Unpooled.wrappedBuffer(encoded)));
    }

    private void end(StatusCode code) {
        calls.get(calls.size() - 1).callback.onFailure(new StatusException(Status.of(code, "over")));
    }

    private record FakeCall(StreamCallback<Integer> callback) implements ClientCall<byte[]> {
        @Override
        public boolean trySend(byte[] message) {
            return true;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void closeSend() {}

        @Override
        public void request(int messages) {}

        @Override
        public void cork() {}

        @Override
        public void flush() {}

        @Override
        public void compress(boolean on) {}

        @Override
        public void cancel() {}

        @Override
        public void cancel(String reason, @Nullable Throwable cause) {}
    }
}
