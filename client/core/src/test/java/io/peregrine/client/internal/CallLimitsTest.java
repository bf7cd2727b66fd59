package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Deadline;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.MethodConfig;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.transport.http2.TransportStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What holds for a call, from its options, its channel and the service config (SPEC SV-4, DL-1, D5), of both kinds. */
class CallLimitsTest {
    private static final long MINUTE_NS = TimeUnit.MINUTES.toNanos(1);
    private static final MethodDescriptor<byte[], byte[]> STREAM =
            MethodDescriptor.serverStreaming("test.Echo/Many", Marshallers.bytes(), Marshallers.bytes());

    private final CallFixture fixture = new CallFixture();

    @Test
    void dl1TheEarliestOfTheDeadlinesHolds() {
        CallOptions minute = CallOptions.deadlineAfter(Duration.ofMinutes(1));
        CallOptions fixed = CallOptions.DEFAULT.withDeadline(Deadline.after(Duration.ofMinutes(1)));

        assertTimeLeft(minute, config -> {}, MINUTE_NS);
        assertTimeLeft(fixed, config -> {}, MINUTE_NS);
        assertTimeLeft(minute, config -> config.timeout(Duration.ofHours(1)), MINUTE_NS);
        assertTimeLeft(fixed, config -> config.timeout(Duration.ofHours(1)), MINUTE_NS);
        assertTimeLeft(fixed.withDeadlineAfter(Duration.ofSeconds(30)), config -> {}, MINUTE_NS / 2);
    }

    @Test
    void sv4TheTimeoutOfTheConfigBoundsThatOfTheCall() {
        CallOptions hour = CallOptions.deadlineAfter(Duration.ofHours(1));

        assertTimeLeft(CallOptions.DEFAULT, config -> config.timeout(Duration.ofMinutes(1)), MINUTE_NS);
        assertTimeLeft(hour, config -> config.timeout(Duration.ofMinutes(1)), MINUTE_NS);
        for (Call<byte[], byte[]> call : calls(CallOptions.DEFAULT, config -> {})) {
            assertThat(call.deadlineNs()).isEqualTo(TransportStream.NO_DEADLINE);
        }
    }

    @Test
    void dl1ATimeoutOfNothingInTheConfigSendsNothing() {
        configure(config -> config.timeout(Duration.ZERO));

        EndRecorder unary = fixture.start(CallOptions.DEFAULT);
        StreamRecorder stream = startStream(CallOptions.DEFAULT);

        assertThat(unary.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(stream.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(fixture.transport.started).isEmpty();
        fixture.assertAllReleased();
    }

    @Test
    void sv4TheSmallerOfTheSizesHolds() {
        CallOptions small = CallOptions.DEFAULT.withMaxInboundMessageBytes(100);
        Consumer<MethodConfig.Builder> smaller = config -> config.maxResponseMessageBytes(10);
        Consumer<MethodConfig.Builder> larger = config -> config.maxResponseMessageBytes(1 << 30);

        assertThat(calls(CallOptions.DEFAULT, larger))
                .as("the channel's")
                .allMatch(call -> call.maxInboundMessageBytes() == 1 << 20);
        assertThat(calls(small, larger)).allMatch(call -> call.maxInboundMessageBytes() == 100);
        assertThat(calls(small, smaller)).allMatch(call -> call.maxInboundMessageBytes() == 10);
        assertThat(calls(small.withMaxInboundMessageBytes(1 << 24), larger))
                .as("a call may have more than its channel")
                .allMatch(call -> call.maxInboundMessageBytes() == 1 << 24);
    }

    @Test
    void sv4ARequestOverTheSmallerOfTheSizesIsNotSent() {
        configure(config -> config.maxRequestMessageBytes(2));

        EndRecorder unary = fixture.start(CallOptions.DEFAULT.withMaxOutboundMessageBytes(100));
        StreamRecorder stream = new StreamRecorder();
        stream.call(fixture, CallOptions.DEFAULT.withMaxOutboundMessageBytes(100))
                .startWith(CallFixture.REQUEST);

        assertThat(List.of(unary.status(), stream.status())).allSatisfy(status -> {
            assertThat(status.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
            assertThat(status.message()).contains("3 bytes").contains("limit of 2 bytes");
        });
        assertThat(fixture.transport.started).isEmpty();
        fixture.assertAllReleased();
    }

    @Test
    void sv4AndD5TheOptionWinsOverTheWaitForReadyOfTheConfig() {
        fixture.pickers.publish(info -> PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "nobody there")));

        configure(config -> config.waitForReady(true));
        assertThat(isRefused(CallOptions.DEFAULT)).isFalse();
        assertThat(isRefused(CallOptions.DEFAULT.withWaitForReady(false))).isTrue();
        configure(config -> config.waitForReady(false));
        assertThat(isRefused(CallOptions.DEFAULT.withWaitForReady(true))).isFalse();
        assertThat(isRefused(CallOptions.DEFAULT)).isTrue();
        configure(config -> {});
        assertThat(isRefused(CallOptions.DEFAULT)).as("without either").isTrue();
    }

    /** Whether calls of both kinds fail at once with the picker's status; those that wait are cancelled. */
    private boolean isRefused(CallOptions options) {
        EndRecorder unary = new EndRecorder();
        UnaryCall<byte[], byte[]> unaryCall = fixture.call(options, unary);
        unaryCall.start(CallFixture.REQUEST);
        StreamRecorder stream = new StreamRecorder();
        StreamCall<byte[], byte[]> streamCall = stream.call(fixture, options);
        streamCall.start();
        boolean refused = unary.ends() == 1;
        assertThat(stream.ended != null).as("the stream, as the unary call").isEqualTo(refused);
        unaryCall.cancel();
        streamCall.cancel();

        StatusCode expected = refused ? StatusCode.UNAVAILABLE : StatusCode.CANCELLED;
        assertThat(List.of(unary.status().code(), stream.status().code())).containsOnly(expected);
        fixture.assertAllReleased();
        return refused;
    }

    @Test
    void sv13AnotherConfigIsForLaterCallsOnly() {
        List<Call<byte[], byte[]>> earlier = calls(CallOptions.DEFAULT, config -> config.maxResponseMessageBytes(10));

        List<Call<byte[], byte[]>> later = calls(CallOptions.DEFAULT, config -> config.maxResponseMessageBytes(20));

        assertThat(earlier).allMatch(call -> call.maxInboundMessageBytes() == 10);
        assertThat(later).allMatch(call -> call.maxInboundMessageBytes() == 20);
    }

    private void assertTimeLeft(CallOptions options, Consumer<MethodConfig.Builder> config, long expectedNs) {
        for (Call<byte[], byte[]> call : calls(options, config)) {
            assertThat(call.deadlineNs() - System.nanoTime())
                    .isBetween(expectedNs - TimeUnit.SECONDS.toNanos(20), expectedNs);
        }
    }

    /** A unary call and one with streams; neither is started. */
    private List<Call<byte[], byte[]>> calls(CallOptions options, Consumer<MethodConfig.Builder> config) {
        configure(config);
        return List.of(fixture.call(options, new EndRecorder()), new StreamRecorder().call(fixture, options));
    }

    private void configure(Consumer<MethodConfig.Builder> config) {
        fixture.channel.config = ServiceConfig.builder().defaults(config).build();
    }

    private StreamRecorder startStream(CallOptions options) {
        StreamRecorder recorder = new StreamRecorder();
        recorder.call(fixture, options).start();
        return recorder;
    }

    /** The end of a call with streams. */
    private static final class StreamRecorder implements StreamCallback<byte[]> {
        private @Nullable StatusException ended;

        StreamCall<byte[], byte[]> call(CallFixture fixture, CallOptions options) {
            return new StreamCall<>(fixture.dispatcher, STREAM, options, this, null);
        }

        Status status() {
            StatusException failure = ended;
            assert failure != null;
            return failure.status();
        }

        @Override
        public void onMessage(byte[] message) {
            throw new AssertionError("a message");
        }

        @Override
        public void onComplete(Metadata trailers) {
            throw new AssertionError("OK");
        }

        @Override
        public void onFailure(StatusException failure) {
            assertThat(ended).as("the end before").isNull();
            ended = failure;
        }
    }
}
