package io.peregrine.client.credentials;

import static io.peregrine.client.credentials.RecordedAnswer.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bearer tokens: cache, refresh and failures (SPEC CR-4, CR-7). */
class BearerTokenTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private final VirtualClock clock = new VirtualClock();
    private final ScriptedSource source = new ScriptedSource(clock);
    private final BearerToken credentials =
            BearerToken.builder(source).clock(clock).build();

    // ---- Cache and refresh -----------------------------------------------------------------------------------

    @Test
    void cr7CallsWithoutATokenWaitForOneFetchAndAreAllAnswered() {
        List<RecordedAnswer> waiting = List.of(ask(credentials), ask(credentials), ask(credentials));
        assertThat(waiting).allSatisfy(RecordedAnswer::assertWaiting);
        assertThat(source.fetches()).isEqualTo(1);

        source.give("first", HOUR);

        assertThat(waiting)
                .allSatisfy(answer -> assertThat(answer.token()).isEqualTo("first"))
                .allSatisfy(answer ->
                        assertThat(answer.fields()).isSameAs(waiting.get(0).fields()));
    }

    @Test
    void cr7AFreshTokenIsServedWithoutAskingAgain() {
        ask(credentials);
        source.give("first", HOUR);
        clock.advance(Duration.ofMinutes(55).minusMillis(1));

        assertThat(ask(credentials).token()).isEqualTo("first");
        assertThat(source.fetches()).isEqualTo(1);
    }

    @Test
    void cr7FiveMinutesBeforeItExpiresATokenIsReplacedWhileCallsGoOnWithIt() {
        ask(credentials);
        source.give("first", HOUR);
        clock.advance(Duration.ofMinutes(55));

        assertThat(ask(credentials).token()).isEqualTo("first");
        assertThat(ask(credentials).token()).isEqualTo("first");
        assertThat(source.fetches()).isEqualTo(2);
        source.give("second", HOUR);

        assertThat(ask(credentials).token()).isEqualTo("second");
        assertThat(source.fetches()).isEqualTo(2);
    }

    @Test
    void cr7AShortLivedTokenIsReplacedInTheLastTenthOfItsLife() {
        ask(credentials);
        source.give("short", Duration.ofSeconds(100));

        clock.advance(Duration.ofSeconds(90).minusMillis(1));
        ask(credentials);
        assertThat(source.fetches()).isEqualTo(1);
        clock.advance(Duration.ofMillis(1));
        ask(credentials);
        assertThat(source.fetches()).isEqualTo(2);
    }

    @Test
    void cr7TheMarginCanBeSetUpToHalfOfTheLife() {
        BearerToken early = BearerToken.builder(source)
                .clock(clock)
                .refreshMargin(Duration.ofMinutes(45))
                .build();
        ask(early);
        source.give("first", HOUR);

        clock.advance(Duration.ofMinutes(30).minusMillis(1));
        ask(early);
        assertThat(source.fetches()).isEqualTo(1);
        clock.advance(Duration.ofMillis(1));
        assertThat(ask(early).token()).isEqualTo("first");
        assertThat(source.fetches()).isEqualTo(2);
    }

    @Test
    void cr7ATokenIsNotServedFromItsExpiryOn() {
        ask(credentials);
        source.give("first", HOUR);
        clock.advance(HOUR);

        RecordedAnswer waiting = ask(credentials);

        waiting.assertWaiting();
        source.give("second", HOUR);
        assertThat(waiting.token()).isEqualTo("second");
    }

    @Test
    void cr7ATokenWithoutExpiryIsNeverFetchedAgain() {
        AtomicInteger fetches = new AtomicInteger();
        BearerToken fixed = BearerToken.builder(() -> {
                    fetches.incrementAndGet();
                    return CompletableFuture.completedFuture(AccessToken.of("forever"));
                })
                .clock(clock)
                .build();

        assertThat(ask(fixed).token()).isEqualTo("forever");
        clock.advance(Duration.ofDays(10_000));
        assertThat(ask(fixed).token()).isEqualTo("forever");
        assertThat(fetches).hasValue(1);
        assertThat(ask(BearerToken.of("fixed")).token()).isEqualTo("fixed");
    }

    @Test
    void cr7AnExpiryBeyondAllTimesIsNone() {
        BearerToken fixed =
                BearerToken.from(() -> CompletableFuture.completedFuture(new AccessToken("forever", Instant.MAX)));

        assertThat(ask(fixed).token()).isEqualTo("forever");
    }

    @Test
    void cr7AFreshTokenCostsNoAllocation() {
        BearerToken fixed = BearerToken.of("fixed");
        CallCredentials.Applier applier = new CallCredentials.Applier() {
            @Override
            public void apply(Metadata fields) {}

            @Override
            public void fail(Status status) {
                throw new AssertionError(status);
            }
        };

        long leastBytes = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            leastBytes = Math.min(leastBytes, AllocationProbe.measure(() -> {
                for (int i = 0; i < 1_000; i++) {
                    fixed.apply(RecordedAnswer.CALL, applier);
                }
            }));
        }

        assertThat(leastBytes).isZero();
    }

    /** Many threads find an expired token at once, round after round. */
    @Test
    void cr7ThereIsOneFetchInFlightHoweverManyThreadsAsk() throws Exception {
        int threads = 4;
        int rounds = 300;
        AtomicInteger fetches = new AtomicInteger();
        ExecutorService answering = Executors.newSingleThreadExecutor();
        ExecutorService asking = Executors.newFixedThreadPool(threads);
        try {
            BearerToken shared = BearerToken.builder(TokenSource.blocking(
                            () -> new AccessToken(
                                    "token-" + fetches.incrementAndGet(),
                                    clock.instant().plus(HOUR)),
                            answering))
                    .clock(clock)
                    .build();
            CyclicBarrier barrier = new CyclicBarrier(threads, () -> clock.advance(HOUR));
            List<Future<List<String>>> results = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                results.add(asking.submit(() -> askInRounds(shared, barrier, rounds)));
            }

            for (Future<List<String>> result : results) {
                List<String> tokens = result.get(60, TimeUnit.SECONDS);
                for (int round = 0; round < rounds; round++) {
                    assertThat(tokens.get(round)).isEqualTo("token-" + (round + 1));
                }
            }
            assertThat(fetches).hasValue(rounds);
        } finally {
            asking.shutdownNow();
            answering.shutdownNow();
        }
    }

    private static List<String> askInRounds(BearerToken shared, CyclicBarrier barrier, int rounds) throws Exception {
        List<String> tokens = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            barrier.await(30, TimeUnit.SECONDS);
            CompletableFuture<String> token = new CompletableFuture<>();
            shared.apply(RecordedAnswer.CALL, new CallCredentials.Applier() {
                @Override
                public void apply(Metadata fields) {
                    token.complete(String.valueOf(fields.get(RecordedAnswer.AUTHORIZATION))
                            .substring(7));
                }

                @Override
                public void fail(Status status) {
                    token.completeExceptionally(new AssertionError(status));
                }
            });
            tokens.add(token.get(30, TimeUnit.SECONDS));
        }
        return tokens;
    }

    // ---- Failures --------------------------------------------------------------------------------------------

    static Stream<Throwable> unreachable() {
        return Stream.of(
                new IOException("connection refused"),
                new UncheckedIOException(new IOException("connection refused")),
                new CompletionException(new IOException("connection refused")),
                new TimeoutException("connection refused"),
                new RejectedExecutionException("connection refused"));
    }

    @ParameterizedTest
    @MethodSource("unreachable")
    void cr4AnUnreachableSourceIsUnavailable(Throwable thrown) {
        RecordedAnswer waiting = ask(credentials);

        source.fail(thrown);

        assertThat(waiting.failure(StatusCode.UNAVAILABLE).message())
                .startsWith("the token source failed: ")
                .contains("connection refused");
    }

    @Test
    void cr4ASourceThatRefusesIsUnauthenticated() {
        IllegalStateException thrown = new IllegalStateException("invalid_grant");
        RecordedAnswer one = ask(credentials);
        RecordedAnswer other = ask(credentials);

        source.fail(thrown);

        Status status = one.failure(StatusCode.UNAUTHENTICATED);
        assertThat(status.message()).isEqualTo("the token source failed: " + thrown);
        assertThat(status.cause()).isSameAs(thrown);
        assertThat(other.failure(StatusCode.UNAUTHENTICATED)).isSameAs(status);
    }

    @Test
    void cr4ASourceMayChooseTheCode() {
        RecordedAnswer waiting = ask(credentials);

        source.fail(new StatusException(Status.of(StatusCode.PERMISSION_DENIED, "no such account")));

        assertThat(waiting.failure(StatusCode.PERMISSION_DENIED).message()).contains("no such account");
    }

    @Test
    void cr4ASourceThatThrowsOrGivesNothingIsOneClearStatus() {
        BearerToken throwing = BearerToken.from(() -> {
            throw new IllegalStateException("broken");
        });
        assertThat(ask(throwing).failure(StatusCode.UNAUTHENTICATED).message())
                .isEqualTo("the token source failed: java.lang.IllegalStateException: broken");

        RecordedAnswer waiting = ask(credentials);
        source.giveNull();
        assertThat(waiting.failure(StatusCode.UNAUTHENTICATED).message())
                .isEqualTo("the token source gave null (expected: a token)");
    }

    @Test
    @SuppressWarnings("NullAway") // what a source without null checks does
    void cr4ASourceThatReturnsNullIsOneClearStatus() {
        assertThat(ask(BearerToken.from(() -> null))
                        .failure(StatusCode.UNAUTHENTICATED)
                        .message())
                .isEqualTo("the token source returned null (expected: a stage)");
    }

    @Test
    void cr4ATokenThatHasExpiredIsOneClearStatus() {
        RecordedAnswer waiting = ask(credentials);

        source.give("old", Duration.ZERO);

        assertThat(waiting.failure(StatusCode.UNAUTHENTICATED).message())
                .isEqualTo("the token source gave a token that has expired at 2026-01-01T00:00:00Z");
    }

    @Test
    void cr4ABlockingSourceOnAnExecutorThatRejectsIsUnavailable() {
        BearerToken blocking = BearerToken.from(TokenSource.blocking(() -> AccessToken.of("never"), task -> {
            throw new RejectedExecutionException("full");
        }));

        assertThat(ask(blocking).failure(StatusCode.UNAVAILABLE).message()).contains("full");
    }

    @Test
    void cr4ABlockingSourceThatThrowsIsAFailureOfThatKind() {
        BearerToken blocking = BearerToken.from(TokenSource.blocking(
                () -> {
                    throw new IOException("unreachable");
                },
                Runnable::run));

        assertThat(ask(blocking).failure(StatusCode.UNAVAILABLE).message()).contains("unreachable");
    }

    @Test
    void cr7AFailedFetchIsNotHammered() {
        int[] delaysS = {1, 2, 4, 8, 16, 32, 60, 60};
        ask(credentials);
        for (int i = 0; i < delaysS.length; i++) {
            source.fail(new IOException("failure " + i));

            clock.advance(Duration.ofSeconds(delaysS[i]).minusMillis(1));
            assertThat(ask(credentials).failure(StatusCode.UNAVAILABLE).message())
                    .as("the last failure, at once")
                    .contains("failure " + i);
            assertThat(source.pending()).isZero();

            clock.advance(Duration.ofMillis(1));
            ask(credentials).assertWaiting();
            assertThat(source.pending()).isEqualTo(1);
        }
    }

    @Test
    void cr7ASuccessForgetsTheFailuresBeforeIt() {
        ask(credentials);
        source.fail(new IOException("first"));
        clock.advance(Duration.ofSeconds(1));
        RecordedAnswer waiting = ask(credentials);
        source.give("token", Duration.ofMinutes(10));
        assertThat(waiting.token()).isEqualTo("token");

        clock.advance(Duration.ofMinutes(10));
        ask(credentials);
        source.fail(new IOException("second"));
        clock.advance(Duration.ofSeconds(1));
        ask(credentials).assertWaiting();
    }

    @Test
    void cr7AClockThatIsSetBackEndsTheBackoff() {
        ask(credentials);
        source.fail(new IOException("first"));

        clock.advance(Duration.ofDays(-1));

        ask(credentials).assertWaiting();
        assertThat(source.pending()).isEqualTo(1);
    }

    @Test
    void cr7AFailedRefreshLeavesTheTokenInUseUntilItExpires() {
        ask(credentials);
        source.give("first", HOUR);
        clock.advance(Duration.ofMinutes(56));
        ask(credentials);
        source.fail(new IOException("unreachable"));

        assertThat(ask(credentials).token()).isEqualTo("first");
        assertThat(source.pending()).as("backing off").isZero();
        clock.advance(Duration.ofSeconds(1));
        assertThat(ask(credentials).token()).isEqualTo("first");
        assertThat(source.pending()).as("asked again").isEqualTo(1);
        source.fail(new IOException("unreachable"));
        clock.advance(Duration.ofMinutes(4));
        ask(credentials).assertWaiting();
    }

    @Test
    void cr4ASourceThatDoesNotAnswerInTimeHasFailedAndItsLateAnswerChangesNothing() {
        RecordedAnswer waiting = ask(credentials);
        clock.advance(Duration.ofSeconds(30).minusMillis(1));
        ask(credentials).assertWaiting();
        clock.advance(Duration.ofMillis(1));

        RecordedAnswer next = ask(credentials);

        assertThat(waiting.failure(StatusCode.UNAVAILABLE).message())
                .isEqualTo("the token source did not answer within 30.0 s");
        next.failure(StatusCode.UNAVAILABLE);
        source.give("late", HOUR);
        ask(credentials).failure(StatusCode.UNAVAILABLE);
        clock.advance(Duration.ofSeconds(1));
        RecordedAnswer retried = ask(credentials);
        source.give("in-time", HOUR);
        assertThat(retried.token()).isEqualTo("in-time");
        assertThat(waiting.count()).isEqualTo(1);
    }

    // ---- Settings and secrets --------------------------------------------------------------------------------

    @Test
    void settingsOutsideTheirRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BearerToken.builder(source).refreshMargin(Duration.ofSeconds(-1)))
                .withMessage("refresh margin: PT-1S (expected: zero or a positive duration)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BearerToken.builder(source).fetchTimeout(Duration.ZERO))
                .withMessage("fetch timeout: PT0S (expected: at least 1 ms)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AccessToken.of(""))
                .withMessage("token: empty (expected: one or more characters in 0x21..0x7E)");
    }

    @Test
    void cr3ATokenRequiresPrivacyUnlessPlaintextIsAllowed() {
        assertThat(BearerToken.of("token").requiresPrivacy()).isTrue();
        assertThat(BearerToken.builder(source).allowPlaintext().build().requiresPrivacy())
                .isFalse();
    }

    /** HOSTILE.md P17. */
    @Test
    void p17NoTokenIsShown() {
        String secret = "s3cr3t-marker";
        AccessToken token = new AccessToken(secret, VirtualClock.START);
        BearerToken fixed = BearerToken.of(secret);

        assertThat(token.toString()).isEqualTo("AccessToken[expiry=2026-01-01T00:00:00Z]");
        assertThat(fixed.toString()).isEqualTo("BearerToken[allowsPlaintext=false]");
        assertThat(ask(fixed).fields().toString()).isEqualTo("Metadata[authorization]");
        assertThat(InsecureCredentials.create().withCallCredentials(fixed).toString())
                .doesNotContain(secret);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AccessToken.of(secret + '\n'))
                .withMessage("token: illegal character at 13 (expected: 0x21..0x7E)");
        RecordedAnswer waiting = ask(credentials);
        source.give(secret, Duration.ZERO);
        assertThat(waiting.failure(StatusCode.UNAUTHENTICATED).toString()).doesNotContain(secret);
    }
}
