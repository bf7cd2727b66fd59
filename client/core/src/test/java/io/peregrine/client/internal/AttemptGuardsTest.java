package io.peregrine.client.internal;

import static io.peregrine.client.internal.EngineFixture.BIDI;
import static io.peregrine.client.internal.EngineFixture.REQUEST;
import static io.peregrine.client.internal.EngineFixture.retrying;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.breaker.CircuitBreakerPolicy.Scope;
import io.peregrine.client.breaker.CircuitBreakerState;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.credentials.CallIdentity;
import io.peregrine.client.internal.breaker.CircuitBreakers;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamFailure.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an attempt passes between its pick and its stream: the credentials (CR-*) and the circuit breaker (EX-3). */
class AttemptGuardsTest {
    private static final Metadata TOKEN =
            Metadata.builder().put(Metadata.Key.of("x-token"), "t").build();

    private final ScriptedCredentials credentials = new ScriptedCredentials();
    private EngineFixture fixture = new EngineFixture(2);

    /** Credentials that answer when the test says so. */
    private static final class ScriptedCredentials implements CallCredentials {
        final List<Applier> asked = new ArrayList<>();

        @Override
        public void apply(CallIdentity call, Applier applier) {
            asked.add(applier);
        }

        @Override
        public boolean requiresPrivacy() {
            return false;
        }
    }

    @AfterEach
    void nothingIsLeft() {
        fixture.runCancels();
        fixture.assertSettled();
    }

    private void respond(int attempt) {
        fixture.of(fixture.attempt(attempt)).respond(fixture.attempt(attempt), 7);
    }

    private void refuse(int attempt, StatusCode code) {
        fixture.of(fixture.attempt(attempt)).refuse(fixture.attempt(attempt), code);
    }

    // ---- Credentials -----------------------------------------------------------------------------------------

    @Test
    void cr5EachAttemptAsksOnceAndGoesWhenTheAnswerIsThere() {
        EndRecorder end = fixture.unary(retrying().withCredentials(credentials));
        assertThat(fixture.started).isEmpty();
        credentials.asked.get(0).apply(TOKEN);
        refuse(0, StatusCode.UNAVAILABLE);
        fixture.advanceMs(100);
        assertThat(fixture.started).hasSize(1);

        credentials.asked.get(1).apply(TOKEN);
        respond(1);

        assertThat(end.response()).containsExactly(7);
        assertThat(credentials.asked).hasSize(2);
        assertThat(fixture.previousAttempts()).containsExactly("", "1");
    }

    @Test
    void cr5OnlyTheFirstAnswerCounts() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withCredentials(credentials));
        CallCredentials.Applier applier = credentials.asked.get(0);
        applier.apply(TOKEN);
        applier.apply(TOKEN);
        applier.fail(Status.of(StatusCode.UNAUTHENTICATED, "late"));

        assertThat(fixture.started).hasSize(1);
        respond(0);
        assertThat(end.response()).containsExactly(7);
    }

    @Test
    void dl6ACancelWhileTheCredentialsAreAwaitedEndsTheCallAndTheAnswerIsTooLate() {
        EndRecorder end = new EndRecorder();
        UnaryCall<byte[], byte[]> call = fixture.newUnary(CallOptions.DEFAULT.withCredentials(credentials), end);
        call.start(REQUEST);

        call.cancel();
        credentials.asked.get(0).apply(TOKEN);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(fixture.started).isEmpty();
    }

    @Test
    void dl1TheDeadlineEndsACallWhoseCredentialsNeverAnswer() {
        EndRecorder end =
                fixture.unary(CallOptions.deadlineAfter(Duration.ofMillis(50)).withCredentials(credentials));

        fixture.advanceMs(50);
        credentials.asked.get(0).apply(TOKEN);

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(end.status().message()).contains("credentials");
        assertThat(fixture.started).isEmpty();
    }

    @Test
    void rt9CredentialsThatFailAreNoReasonForATransparentRetry() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withCredentials(credentials));

        credentials.asked.get(0).fail(Status.of(StatusCode.UNAVAILABLE, "no token"));

        assertThat(end.status().message()).contains("no token");
        assertThat(credentials.asked).hasSize(1);
    }

    @Test
    void rt11CredentialsThatFailAreUpToThePolicy() {
        EndRecorder end = fixture.unary(retrying().withCredentials(credentials));
        credentials.asked.get(0).fail(Status.of(StatusCode.UNAVAILABLE, "no token"));
        fixture.advanceMs(100);

        credentials.asked.get(1).fail(Status.of(StatusCode.UNAUTHENTICATED, "no such user"));

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAUTHENTICATED);
    }

    @Test
    void cr5AStreamKeepsItsMessagesWhileTheCredentialsAreAwaited() {
        StreamRecorder recorder = new StreamRecorder();
        StreamCall<byte[], byte[]> call = fixture.stream(BIDI, retrying().withCredentials(credentials), recorder);
        call.trySend(new byte[] {1});
        call.cancel();
        credentials.asked.get(0).apply(TOKEN);

        assertThat(recorder.events).containsExactly("failure CANCELLED");
        assertThat(fixture.started).isEmpty();
    }

    @Test
    void ch9ShutdownNowMeanwhileEndsTheCallWhenTheCredentialsAnswer() {
        EndRecorder end = fixture.unary(CallOptions.DEFAULT.withCredentials(credentials));
        fixture.dispatcher.kill();
        fixture.pickers.publish(info -> PickResult.drop(Status.of(StatusCode.CANCELLED, "the channel was shut down")));

        credentials.asked.get(0).apply(TOKEN);

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    // ---- Circuit breakers ------------------------------------------------------------------------------------

    private CircuitBreakers breakers(Scope scope) {
        CircuitBreakers breakers = new CircuitBreakers(CircuitBreakerPolicy.builder(scope)
                .windowOfCalls(2)
                .minimumCalls(2)
                .openFor(Duration.ofSeconds(10))
                .probes(1)
                .build());
        fixture.dispatcher.circuitBreakers(breakers);
        return breakers;
    }

    /** Two calls fail on each back end that is there, as far as the breaker lets them. */
    private void open() {
        for (int i = 0; i < 2 * fixture.backends.size(); i++) {
            int before = fixture.started.size();
            fixture.unary(CallOptions.DEFAULT);
            if (fixture.started.size() > before) {
                refuse(before, StatusCode.UNAVAILABLE);
            }
        }
    }

    @Test
    void ex3AnOpenBreakerOfAMethodIsFinal() {
        breakers(Scope.METHOD);
        open();
        int before = fixture.started.size();

        EndRecorder end = fixture.unary(retrying());

        assertThat(end.status().message()).contains("circuit breaker");
        assertThat(fixture.started).hasSize(before);
    }

    @Test
    void ex3AnOpenBreakerOfABackEndIsTriedOnceElsewhere() {
        CircuitBreakers breakers = breakers(Scope.BACKEND);
        open();
        assertThat(breakers.states().values()).containsOnly(CircuitBreakerState.OPEN);
        int before = fixture.started.size();
        fixture.avoided.clear();

        EndRecorder end = fixture.unary(retrying());
        fixture.advanceMs(1_000);

        assertThat(end.status().message()).contains("circuit breaker");
        assertThat(fixture.started).hasSize(before);
        assertThat(fixture.avoided)
                .as("one pick for each back end, and one for the first again")
                .hasSize(3);
        assertThat(fixture.avoided.get(1)).hasSize(1);
    }

    @Test
    void ex3APermitIsGivenBackByATransparentRetry() {
        assertProbeIsLeftAfter(() -> {
            fixture.unary(CallOptions.DEFAULT);
            Attempt<?> probe = fixture.started.get(fixture.started.size() - 1);
            fixture.of(probe).fail(probe, Kind.UNPROCESSED);
        });
    }

    @Test
    void ex3APermitIsGivenBackByACancel() {
        assertProbeIsLeftAfter(() -> {
            UnaryCall<byte[], byte[]> call = fixture.newUnary(CallOptions.DEFAULT, new EndRecorder());
            call.start(REQUEST);
            call.cancel();
            fixture.runCancels();
            fixture.unary(CallOptions.DEFAULT);
        });
    }

    @Test
    void ex3APermitIsGivenBackByATransportThatIsClosed() {
        assertProbeIsLeftAfter(() -> {
            FakeTransport backend = fixture.backends.get(0);
            backend.answer = StartResult.CLOSED;
            EndRecorder end = fixture.unary(CallOptions.DEFAULT);
            assertThat(end.ends()).isZero();
            backend.answer = StartResult.ACCEPTED;
            fixture.pickers.publish(fixture.readyPicker());
        });
    }

    /** The breaker lets one probe through; {@code step} gives it back and starts another, which succeeds. */
    private void assertProbeIsLeftAfter(Runnable step) {
        fixture = new EngineFixture(1);
        CircuitBreakers breakers = breakers(Scope.METHOD);
        open();
        fixture.advanceMs(10_000);

        step.run();

        respond(fixture.started.size() - 1);
        assertThat(breakers.states().values()).containsOnly(CircuitBreakerState.CLOSED);
    }

    @Test
    void ex3ADeadlineCountsAsAFailureAndGivesThePermitBack() {
        fixture = new EngineFixture(1);
        CircuitBreakers breakers = breakers(Scope.METHOD);
        for (int i = 0; i < 2; i++) {
            fixture.unary(CallOptions.deadlineAfter(Duration.ofMillis(50)));
            fixture.of(fixture.attempt(i)).fail(fixture.attempt(i), Kind.DEADLINE_EXCEEDED);
        }

        assertThat(breakers.states().values()).containsOnly(CircuitBreakerState.OPEN);
    }
}
