package io.peregrine.client.credentials;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.credentials.CallCredentials.Applier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Queue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One bearer token, got from its source when a call needs it, and the calls that wait for it (SPEC CR-4, CR-7). Safe
 * for use by several threads; no lock.
 *
 * <pre>
 *   time:      fetched          fresh until            valid until
 *   ───────────────┼──────────────────┼──────────────────────┼─────────────▶
 *   a call:        │  takes it        │  takes it, and       │  waits for
 *                  │                  │  starts a fetch      │  a fetch
 * </pre>
 *
 * <p>There is at most one fetch in flight: the one in {@link #inFlight}. Only who ends it writes {@link #snapshot}, and
 * does so before it leaves {@link #inFlight}; so whoever puts the next one there sees what the last one brought. There
 * is no timer: what is due happens with the next call.
 */
final class TokenCache {
    private static final System.Logger LOG = System.getLogger(TokenCache.class.getName());

    private static final Metadata.Key<String> AUTHORIZATION = Metadata.Key.of("authorization");

    /** What is known at a time; immutable. */
    private static final class Snapshot {
        static final Snapshot EMPTY = new Snapshot(Metadata.EMPTY, Long.MIN_VALUE, Long.MIN_VALUE, 0, Status.OK, 0);

        /** The token's; empty before the first one. */
        final Metadata fields;

        final long freshUntilMs;
        final long validUntilMs;

        /** How many fetches in a row have failed, and with what the last one. */
        final int failures;

        final Status failure;
        final long retryAtMs;

        Snapshot(Metadata fields, long freshUntilMs, long validUntilMs, int failures, Status failure, long retryAtMs) {
            this.fields = fields;
            this.freshUntilMs = freshUntilMs;
            this.validUntilMs = validUntilMs;
            this.failures = failures;
            this.failure = failure;
            this.retryAtMs = retryAtMs;
        }

        boolean isBackingOff(long nowMs) {
            return failures > 0 && RefreshPolicy.isBackingOff(retryAtMs, nowMs);
        }

        /** What a call gets that had no valid token and waited for this. */
        void answer(Applier applier) {
            try {
                if (failures == 0) {
                    applier.apply(fields);
                } else {
                    applier.fail(failure);
                }
            } catch (RuntimeException | Error thrown) {
                // Its fault, and the others that wait shall have their answer.
                LOG.log(System.Logger.Level.WARNING, "a call that waited for a token threw", thrown);
            }
        }
    }

    /**
     * One question to the source and the calls that wait for it. Whoever ends it writes {@link #result} and then empties
     * the queue; whoever waits joins the queue and then reads {@link #result}; so no call is left behind.
     */
    private static final class Fetch {
        final long startedAtMs;
        private final AtomicReference<@Nullable Snapshot> result = new AtomicReference<>();
        private final Queue<Applier> waiting = new ConcurrentLinkedQueue<>();

        Fetch(long startedAtMs) {
            this.startedAtMs = startedAtMs;
        }

        /** False if it has a result already. */
        boolean tryEnd(Snapshot newResult) {
            return result.compareAndSet(null, newResult);
        }

        void await(Applier applier) {
            waiting.add(applier);
            answerAll();
        }

        void answerAll() {
            Snapshot known = result.get();
            if (known != null) {
                for (Applier next = waiting.poll(); next != null; next = waiting.poll()) {
                    known.answer(next);
                }
            }
        }
    }

    private final String name;
    private final TokenSource source;
    private final RefreshPolicy policy;
    private final AtomicReference<@Nullable Fetch> inFlight = new AtomicReference<>();
    private volatile Snapshot snapshot = Snapshot.EMPTY;

    /** {@code name} is what failures call the source. */
    TokenCache(String name, TokenSource source, RefreshPolicy policy) {
        this.name = name;
        this.source = source;
        this.policy = policy;
    }

    /** Answers now, or when there is a token. Allocates nothing while the token is fresh. */
    void apply(Applier applier) {
        Snapshot seen = snapshot;
        long nowMs = policy.clock().millis();
        if (nowMs < seen.freshUntilMs) {
            applier.apply(seen.fields);
        } else {
            applyWhenStale(seen, nowMs, applier);
        }
    }

    private void applyWhenStale(Snapshot seen, long nowMs, Applier applier) {
        boolean valid = nowMs < seen.validUntilMs;
        boolean backingOff = seen.isBackingOff(nowMs);
        if (valid) {
            applier.apply(seen.fields);
            if (!backingOff) {
                fetch(seen, nowMs);
            }
        } else if (backingOff) {
            applier.fail(seen.failure);
        } else {
            fetch(seen, nowMs).await(applier);
        }
    }

    /** Joins the fetch in flight or starts one. */
    private Fetch fetch(Snapshot seen, long nowMs) {
        Fetch running = inFlight.get();
        if (running == null) {
            Fetch mine = new Fetch(nowMs);
            running = inFlight.compareAndExchange(null, mine);
            if (running == null) {
                startUnlessEnded(mine, seen);
                return mine;
            }
        }
        if (policy.isOverdue(running.startedAtMs, nowMs)) {
            String message = name + " did not answer within " + seconds(policy.fetchTimeout());
            end(running, failed(Status.of(StatusCode.UNAVAILABLE, message), nowMs));
        }
        return running;
    }

    private void startUnlessEnded(Fetch mine, Snapshot seen) {
        Snapshot latest = snapshot;
        if (latest != seen) {
            // One ended after this call had looked; what it brought counts for this one, too.
            end(mine, latest);
            return;
        }
        try {
            CompletionStage<AccessToken> stage = source.fetch();
            if (stage == null) {
                fail(mine, Status.of(StatusCode.UNAUTHENTICATED, name + " returned null (expected: a stage)"));
            } else {
                stage.whenComplete((token, thrown) -> onFetched(mine, token, thrown));
            }
        } catch (RuntimeException | Error thrown) {
            fail(mine, statusOf(thrown));
        }
    }

    private void onFetched(Fetch fetch, @Nullable AccessToken token, @Nullable Throwable thrown) {
        if (thrown != null) {
            fail(fetch, statusOf(thrown));
        } else if (token == null) {
            fail(fetch, Status.of(StatusCode.UNAUTHENTICATED, name + " gave null (expected: a token)"));
        } else {
            onToken(fetch, token);
        }
    }

    private void onToken(Fetch fetch, AccessToken token) {
        long nowMs = policy.clock().millis();
        Instant expiry = token.expiry();
        long expiryMs = expiry == null ? Long.MAX_VALUE : saturatedMs(expiry);
        if (expiryMs <= nowMs) {
            fail(fetch, Status.of(StatusCode.UNAUTHENTICATED, name + " gave a token that has expired at " + expiry));
            return;
        }
        Metadata fields =
                Metadata.builder().put(AUTHORIZATION, "Bearer " + token.value()).build();
        long freshUntilMs = expiryMs == Long.MAX_VALUE ? expiryMs : policy.refreshAtMs(nowMs, expiryMs);
        end(fetch, new Snapshot(fields, freshUntilMs, expiryMs, 0, Status.OK, 0));
    }

    private void fail(Fetch fetch, Status status) {
        end(fetch, failed(status, policy.clock().millis()));
    }

    /** What is known after one more failure: the token that there was stays as valid as it was. */
    private Snapshot failed(Status status, long nowMs) {
        Snapshot last = snapshot;
        int failures = last.failures + 1;
        return new Snapshot(
                last.fields,
                last.freshUntilMs,
                last.validUntilMs,
                failures,
                status,
                RefreshPolicy.retryAtMs(nowMs, failures));
    }

    /** The first end of a fetch counts: an answer after the timeout changes nothing. */
    private void end(Fetch fetch, Snapshot next) {
        if (!fetch.tryEnd(next)) {
            return;
        }
        snapshot = next;
        inFlight.set(null);
        if (next.failures > 0 && fetch.startedAtMs < next.validUntilMs) {
            // No call sees this one: they have the old token.
            LOG.log(
                    System.Logger.Level.WARNING,
                    "a token was not refreshed, it expires at {0}: {1}",
                    Instant.ofEpochMilli(next.validUntilMs),
                    next.failure);
        }
        fetch.answerAll();
    }

    /** CR-4: UNAVAILABLE if the source could not be reached, else UNAUTHENTICATED, unless it says what. */
    private Status statusOf(Throwable thrown) {
        Throwable cause = thrown;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        StatusCode code = StatusCode.UNAUTHENTICATED;
        if (cause instanceof StatusException said) {
            code = said.code();
        } else if (cause instanceof IOException
                || cause instanceof UncheckedIOException
                || cause instanceof TimeoutException
                || cause instanceof RejectedExecutionException) {
            code = StatusCode.UNAVAILABLE;
        }
        return new Status(code, name + " failed: " + cause, cause);
    }

    private static String seconds(Duration duration) {
        return duration.toMillis() / 1e3 + " s";
    }

    private static long saturatedMs(Instant instant) {
        try {
            return instant.toEpochMilli();
        } catch (ArithmeticException beyondRange) {
            return instant.getEpochSecond() > 0 ? Long.MAX_VALUE : Long.MIN_VALUE;
        }
    }
}
