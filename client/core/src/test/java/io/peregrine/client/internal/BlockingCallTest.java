package io.peregrine.client.internal;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.netty.buffer.Unpooled;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryResponse;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BlockingCallTest {
    private static final Metadata.Key<String> TEXT = Metadata.Key.of("x-text");

    private final CallFixture fixture = new CallFixture();

    @AfterEach
    void releasesEverything() {
        fixture.transport.runCancels();
        fixture.assertAllReleased();
    }

    @Test
    void returnsTheResponseWithTheMetadataAroundIt() {
        BlockingCall<byte[], byte[]> call = call(CallOptions.DEFAULT);
        call.start(CallFixture.REQUEST);
        Attempt<?> attempt = fixture.transport.take();
        attempt.onHeaders(block(":status", "200", "content-type", "application/grpc", "x-text", "head"));
        attempt.onMessage(Unpooled.copiedBuffer("reply", UTF_8), false);
        attempt.onTrailers(block("grpc-status", "0", "x-text", "tail"), false);

        UnaryResponse<byte[]> response = call.awaitResponse();

        assertThat(response.message()).isEqualTo("reply".getBytes(UTF_8));
        assertThat(response.headers().get(TEXT)).isEqualTo("head");
        assertThat(response.trailers().get(TEXT)).isEqualTo("tail");
    }

    @Test
    void throwsTheStatusWithTheCallersStackOnlyIfAsked() {
        BlockingCall<byte[], byte[]> silent = call(CallOptions.DEFAULT);
        silent.start(CallFixture.REQUEST);
        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);
        assertThat(catchThrowableOfType(StatusException.class, silent::await).getStackTrace())
                .isEmpty();

        BlockingCall<byte[], byte[]> call = call(CallOptions.DEFAULT.withStackTraces(true));
        call.start(CallFixture.REQUEST);
        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        StatusException failure = catchThrowableOfType(StatusException.class, call::await);

        assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(failure.getStackTrace()).isNotEmpty();
    }

    @Test
    void doesNotWaitForTheExecutorOfItsOptions() {
        Executor neverRuns = task -> {};
        BlockingCall<byte[], byte[]> call = call(CallOptions.DEFAULT.withExecutor(neverRuns));
        call.start(CallFixture.REQUEST);
        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(catchThrowableOfType(StatusException.class, call::await).code())
                .isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void p10AnInterruptCancelsTheCallAndStaysSet() {
        fixture.pickers.publish(CallFixture.queueing());
        BlockingCall<byte[], byte[]> call = call(CallOptions.DEFAULT);
        call.start(CallFixture.REQUEST);
        Thread.currentThread().interrupt();

        StatusException failure = catchThrowableOfType(StatusException.class, call::await);

        assertThat(Thread.interrupted()).isTrue();
        assertThat(failure.code()).isEqualTo(StatusCode.CANCELLED);
    }

    /** The transport of this test never answers, as if its event loop were stuck. */
    @Test
    void p2GivesUpSoonAfterTheDeadlineWhenTheEventLoopIsStuck() {
        BlockingCall<byte[], byte[]> call = call(CallOptions.deadlineAfter(Duration.ofMillis(1)));
        call.start(CallFixture.REQUEST);
        Thread.currentThread().interrupt();

        StatusException failure = catchThrowableOfType(StatusException.class, call::await);

        assertThat(Thread.interrupted()).as("interrupt").isTrue();
        assertThat(failure.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(failure).hasMessageContaining("stuck");
        fixture.transport.fail(StreamFailure.Kind.DEADLINE_EXCEEDED);
    }

    private BlockingCall<byte[], byte[]> call(CallOptions options) {
        return new BlockingCall<>(fixture.dispatcher, CallFixture.ECHO, options);
    }
}
