package io.peregrine.client.internal;

import static io.peregrine.client.internal.EngineFixture.BIDI;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.MethodConfig;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.report.AttemptReport;
import io.peregrine.client.report.Wait;
import io.peregrine.transport.http2.StreamAccess;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The channel's config arrives while calls wait for the resolver: they go by it (SPEC SV-10, SV-12, SV-13). */
class ConfigArrivalTest {
    private static final HedgingPolicy HEDGING =
            HedgingPolicy.after(Duration.ofMillis(100)).maxAttempts(3).nonFatal(StatusCode.UNAVAILABLE);

    private final EngineFixture fixture = new EngineFixture(3);
    private final StreamRecorder recorder = new StreamRecorder();

    @BeforeEach
    void theResolverIsAsked() {
        fixture.channel.resolved = false;
        fixture.pickers.publish(EngineFixture.queueing());
    }

    @AfterEach
    void nothingIsLeft() {
        fixture.runCancels();
        fixture.assertSettled();
    }

    private void resolve(Consumer<MethodConfig.Builder> method) {
        resolve(ServiceConfig.builder().defaults(method).build());
    }

    private void resolve(ServiceConfig config) {
        fixture.channel.config = config;
        fixture.channel.resolved = true;
        fixture.pickers.publish(fixture.readyPicker());
    }

    private void refuse(int attempt) {
        fixture.of(fixture.attempt(attempt)).refuse(fixture.attempt(attempt), StatusCode.UNAVAILABLE);
    }

    private void respond(int attempt) {
        fixture.of(fixture.attempt(attempt)).respond(fixture.attempt(attempt), 7);
    }

    @Test
    void sv13AUnaryCallTakesTheRetryPolicyThatArrives() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        resolve(method -> method.retry(EngineFixture.RETRY));

        refuse(0);
        fixture.advanceMs(100);
        respond(1);

        assertThat(end.response()).containsExactly(7);
        assertThat(fixture.previousAttempts()).containsExactly("", "1");
    }

    @Test
    void sv13AStreamTakesTheRetryPolicyThatArrivesAndReplaysWhatWasSent() {
        StreamCall<byte[], byte[]> call = fixture.stream(BIDI, CallOptions.DEFAULT, recorder);
        call.trySend(new byte[] {1});
        resolve(method -> method.retry(EngineFixture.RETRY));

        refuse(0);
        fixture.advanceMs(100);

        assertThat(StreamAccess.takeMessages(fixture.attempt(1))).containsExactly(new byte[] {0, 0, 0, 0, 1, 1});
        fixture.of(fixture.attempt(1)).respond(fixture.attempt(1), 7);
        assertThat(recorder.events).endsWith("complete");
    }

    @Test
    void sv13AUnaryCallTakesTheHedgingPolicyThatArrives() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        resolve(method -> method.hedging(HEDGING));
        assertThat(fixture.started).hasSize(1);

        fixture.advanceMs(100);
        respond(1);

        assertThat(end.response()).containsExactly(7);
        assertThat(fixture.previousAttempts()).containsExactly("", "1");
    }

    @Test
    void dl1AUnaryCallThatBecomesAHedgingOneKeepsItsDeadline() {
        fixture.unary(CallOptions.deadlineAfter(Duration.ofSeconds(10)));
        fixture.advanceMs(8_000);

        resolve(method -> method.hedging(HEDGING));

        assertThat(StreamAccess.deadlineNs(fixture.attempt(0)))
                .isEqualTo(Duration.ofSeconds(10).toNanos());
        respond(0);
    }

    @Test
    void sv13AStreamTakesTheHedgingPolicyThatArrives() {
        fixture.stream(BIDI, CallOptions.DEFAULT, recorder);
        resolve(method -> method.hedging(HEDGING));

        fixture.advanceMs(100);

        assertThat(fixture.previousAttempts()).containsExactly("", "1");
        respond(0);
    }

    /** The preliminary config hedges, and all attempts wait: only one of them may go by a config that does not. */
    @Test
    void sv13HedgesOfThePreliminaryConfigEndWithIt() {
        fixture.channel.config = ServiceConfig.builder()
                .defaults(method -> method.hedging(HEDGING))
                .build();
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        fixture.stream(BIDI, CallOptions.DEFAULT, recorder);
        fixture.advanceMs(200);
        assertThat(fixture.pickers.waiting()).isEqualTo(6);

        resolve(ServiceConfig.EMPTY);
        fixture.advanceMs(1_000);

        assertThat(fixture.started).hasSize(2);
        refuse(0);
        refuse(1);
        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(recorder.events).containsExactly("failure UNAVAILABLE");
    }

    @Test
    void sv12ASelectorThatArrivesMayFailTheCall() {
        ServiceConfig failing = ServiceConfig.EMPTY.withSelector((method, options) -> {
            throw new StatusException(Status.of(StatusCode.UNAVAILABLE, "no route"));
        });
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        StreamCall<byte[], byte[]> call = fixture.stream(BIDI, CallOptions.DEFAULT, recorder);
        call.trySend(new byte[] {1});

        resolve(failing);

        assertThat(end.status().message()).contains("no route");
        assertThat(recorder.status().message()).contains("no route");
        assertThat(fixture.started).isEmpty();
    }

    @Test
    void sv4ATimeoutThatArrivesCountsFromTheStartOfTheCall() {
        fixture.unary(CallOptions.DEFAULT);
        fixture.stream(BIDI, CallOptions.DEFAULT, recorder);
        fixture.advanceMs(400);

        resolve(method -> method.timeout(Duration.ofSeconds(1)));

        for (Attempt<?> attempt : fixture.started) {
            assertThat(StreamAccess.deadlineNs(attempt))
                    .isEqualTo(Duration.ofSeconds(1).toNanos());
        }
        respond(0);
        respond(1);
    }

    @Test
    void sv4ATimeoutThatHasPassedWhenItArrivesSendsNothingMore() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        fixture.advanceMs(400);
        fixture.channel.config = ServiceConfig.builder()
                .defaults(method -> method.timeout(Duration.ofMillis(100)))
                .build();
        fixture.channel.resolved = true;

        fixture.pickers.publish(EngineFixture.queueing());

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
    }

    @Test
    void dl6ACallThatIsCancelledWhenTheConfigArrivesIsCancelled() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.newUnary(CallOptions.DEFAULT, end);
        call.start(EngineFixture.REQUEST);

        call.cancel();
        resolve(ServiceConfig.EMPTY);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(fixture.started).isEmpty();
    }

    @Test
    void theReportTellsOfTheWaitForTheResolverAlsoBehindAHedge() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);
        fixture.advanceMs(400);
        resolve(method -> method.hedging(HEDGING));
        fixture.of(fixture.attempt(0)).refuse(fixture.attempt(0), StatusCode.ABORTED);

        assertThat(end.report().attempts())
                .flatExtracting(AttemptReport::waits)
                .contains(new Wait(Wait.Reason.RESOLVER, Duration.ofMillis(400)));
    }

    @Test
    void aCallThatStartsWhenTheConfigHasArrivedWaitsForNothing() {
        resolve(method -> method.retry(EngineFixture.RETRY));
        EndRecorder end = fixture.unary(CallOptions.DEFAULT);

        refuse(0);
        fixture.advanceMs(100);
        respond(1);

        assertThat(end.response()).containsExactly(7);
    }

    /** The application's thread sends at the moment when the event loop has the call begin again (RT-4). */
    @Test
    void sv13AMessageTooLargeToKeepThatComesWhileTheCallBeginsAgainGoesWithTheNextAttempt() {
        CompletableFuture<Void> encoding = new CompletableFuture<>();
        CompletableFuture<Void> ending = new CompletableFuture<>();
        AtomicReference<Runnable> atNextLook = new AtomicReference<>(() -> {});
        fixture.dispatcher.clock(() -> {
            atNextLook.getAndSet(() -> {}).run();
            return fixture.timer.nanoTime();
        });
        StreamCall<byte[], byte[]> call = fixture.stream(
                chatThat(() -> {
                    encoding.complete(null);
                    ending.orTimeout(20, TimeUnit.SECONDS).join();
                }),
                CallOptions.DEFAULT,
                recorder);

        CompletableFuture<Boolean> sent = CompletableFuture.supplyAsync(() -> call.trySend(new byte[2 << 20]));
        encoding.orTimeout(20, TimeUnit.SECONDS).join();
        // The clock is looked at when the attempt that waited has ended, and before the next one.
        atNextLook.set(() -> {
            ending.complete(null);
            assertThat(sent.orTimeout(20, TimeUnit.SECONDS).join()).isTrue();
        });
        resolve(ServiceConfig.EMPTY);

        assertThat(sent).isCompleted();
        assertThat(StreamAccess.takeMessages(fixture.attempt(0))).hasSize(1);
        respond(0);
        assertThat(recorder.events).endsWith("complete");
    }

    /** A method whose requests are encoded after {@code first}. */
    private static MethodDescriptor<byte[], byte[]> chatThat(Runnable first) {
        return MethodDescriptor.bidiStreaming(
                "test.Echo/Chat",
                new Marshaller<>() {
                    @Override
                    public int encodedSize(byte[] message) {
                        return message.length;
                    }

                    @Override
                    public void write(byte[] message, ByteBuf target) {
                        first.run();
                        target.writeBytes(message);
                    }

                    @Override
                    public byte[] read(ByteBuf source) {
                        throw new AssertionError("a request is read");
                    }
                },
                Marshallers.bytes());
    }

    /** A call may be made before the config arrives, and started after. */
    @Test
    void sv13AStreamThatIsMadeBeforeTheConfigArrivesAndStartedAfterGoesByIt() {
        StreamCall<byte[], byte[]> call =
                new StreamCall<>(fixture.dispatcher, BIDI, CallOptions.DEFAULT, recorder, null);
        resolve(method -> method.hedging(HEDGING));

        call.start();
        fixture.advanceMs(100);

        assertThat(fixture.started).hasSize(2);
        respond(0);
    }
}
