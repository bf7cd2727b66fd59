package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.credentials.CallIdentity;
import io.peregrine.client.internal.breaker.CircuitBreakers;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.testkit.Seeds;
import io.peregrine.transport.http2.ClientTransport.StartResult;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** PK-9: each pick is told its end once, whatever becomes of calls, connections, pickers and credentials. */
class PickProperties {
    private static final int RUNS = 150;
    private static final int STEPS = 120;

    @Test
    void pk9EachPickIsToldItsEndOnce() {
        SplittableRandom random = Seeds.random("PK-9: picks and ends");
        for (int run = 0; run < RUNS; run++) {
            new Run(random).go();
        }
    }

    private static final class Run {
        private final SplittableRandom random;
        private final Asked credentials = new Asked();
        private final EngineFixture fixture;
        private final List<Cancellable> calls = new ArrayList<>();
        private final List<EndRecorder> ends = new ArrayList<>();
        private int picked;
        private int done;

        Run(SplittableRandom random) {
            this.random = random;
            this.fixture = new EngineFixture(3, RetryLimits.DEFAULT, random.nextInt(3) == 0 ? credentials : null);
            if (random.nextInt(3) == 0) {
                fixture.dispatcher.circuitBreakers(
                        new CircuitBreakers(CircuitBreakerPolicy.builder(CircuitBreakerPolicy.Scope.BACKEND)
                                .minimumCalls(3)
                                .build()));
            }
            fixture.pickers.publish(tracking());
        }

        void go() {
            for (int step = 0; step < STEPS; step++) {
                step();
                assertThat(done).isLessThanOrEqualTo(picked);
            }
            settle();
            assertThat(done).isEqualTo(picked);
            assertThat(ends).allSatisfy(end -> assertThat(end.ends()).isEqualTo(1));
            fixture.assertSettled();
        }

        private void step() {
            switch (random.nextInt(9)) {
                case 0, 1 -> start();
                case 2 ->
                    calls.stream()
                            .skip(calls.isEmpty() ? 0 : random.nextInt(calls.size()))
                            .findFirst()
                            .ifPresent(Cancellable::cancel);
                case 3 -> fixture.pickers.publish(anyPicker());
                case 4 -> fixture.advanceMs(random.nextInt(200));
                case 5 -> fixture.backends.get(random.nextInt(3)).answer = anyAnswer();
                case 6 -> fixture.runCancels();
                case 7 -> credentials.answer();
                default -> end();
            }
        }

        private void start() {
            CallOptions options = CallOptions.DEFAULT.withWaitForReady(random.nextBoolean());
            options = switch (random.nextInt(4)) {
                case 0 -> options.withRetry(EngineFixture.RETRY);
                case 1 ->
                    options.withHedging(
                            HedgingPolicy.after(Duration.ofMillis(20)).maxAttempts(3));
                default -> options;
            };
            EndRecorder end = new EndRecorder();
            CallbackCall<byte[], byte[]> call =
                    new CallbackCall<>(fixture.dispatcher, EngineFixture.UNARY, options, end);
            ends.add(end);
            // Not the call, which may be another one by the time of the cancel.
            calls.add(call.handle());
            call.start(EngineFixture.REQUEST);
        }

        private void end() {
            List<FakeTransport> busy = fixture.backends.stream()
                    .filter(backend -> !backend.live.isEmpty())
                    .toList();
            if (busy.isEmpty()) {
                return;
            }
            FakeTransport backend = busy.get(random.nextInt(busy.size()));
            Attempt<?> attempt = backend.live.get(random.nextInt(backend.live.size()));
            switch (random.nextInt(4)) {
                case 0 -> backend.refuse(attempt, StatusCode.UNAVAILABLE);
                case 1 -> backend.fail(attempt, anyFailure());
                default -> backend.respond(attempt, 7);
            }
        }

        private StreamFailure.Kind anyFailure() {
            StreamFailure.Kind[] kinds = {
                StreamFailure.Kind.CONNECTION_LOST,
                StreamFailure.Kind.DEADLINE_EXCEEDED,
                StreamFailure.Kind.RESET,
                StreamFailure.Kind.OVERLOADED
            };
            return kinds[random.nextInt(kinds.length)];
        }

        private StartResult anyAnswer() {
            StartResult[] answers = StartResult.values();
            return random.nextBoolean() ? StartResult.ACCEPTED : answers[random.nextInt(answers.length)];
        }

        private Picker anyPicker() {
            Status down = Status.of(StatusCode.UNAVAILABLE, "down");
            return switch (random.nextInt(6)) {
                case 0 -> info -> PickResult.queue();
                case 1 -> info -> PickResult.fail(down);
                case 2 -> info -> PickResult.drop(down);
                case 3 -> fixture.readyPicker();
                default -> tracking();
            };
        }

        /** Counts; now and then it adds to the headers, or what it adds is illegal. */
        private Picker tracking() {
            Metadata route =
                    Metadata.builder().put(Metadata.Key.of("x-route"), "east").build();
            int kind = random.nextInt(8);
            DoneListener listener = info -> done++;
            return info -> {
                picked++;
                PickResult result = fixture.pick(info).onDone(listener);
                return switch (kind) {
                    case 0 -> result.withMetadata(route);
                    case 1 -> result.withAuthority("illegal\n");
                    case 2 -> result.withAuthority("picked.test");
                    default -> result;
                };
            };
        }

        private void settle() {
            fixture.pickers.publish(info -> PickResult.drop(Status.of(StatusCode.UNAVAILABLE, "over")));
            fixture.advanceMs(10);
            calls.forEach(Cancellable::cancel);
            for (int i = 0; i < 5; i++) {
                credentials.answer();
                fixture.runCancels();
                fixture.advanceMs(500);
            }
        }
    }

    /** Credentials that answer when they are told to. */
    private static final class Asked implements CallCredentials {
        private final List<Applier> waiting = new ArrayList<>();

        @Override
        public void apply(CallIdentity call, Applier applier) {
            waiting.add(applier);
        }

        void answer() {
            List<Applier> asked = List.copyOf(waiting);
            waiting.clear();
            asked.forEach(applier -> applier.apply(Metadata.EMPTY));
        }

        @Override
        public boolean requiresPrivacy() {
            return false;
        }
    }
}
