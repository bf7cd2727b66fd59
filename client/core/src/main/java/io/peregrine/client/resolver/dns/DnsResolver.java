package io.peregrine.client.resolver.dns;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.internal.control.Backoff;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.client.internal.control.SyncContext.ScheduledTask;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.client.resolver.ResolverContext;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * When a name is looked up: one round of questions at a time, each with a {@link Lookup} of its own, and at most one
 * round waiting on the timer. What it waits for:
 *
 * <pre>
 *             good answer, with a refresh or a TTL
 *   round ──────────────────────────────────────▶ REFRESH ──┐
 *     │ │                                            │      │ resolveNow: what is left of the minimum interval
 *     │ │ good answer                     ┌──────────┘      ▼
 *     │ └────────────────▶ nothing ───────┼─────────────▶ WANTED
 *     │                       └───────────┴─────┐ retry
 *     │ failure, no addresses                   ▼
 *     └────────────────────────────────────▶ BACKOFF     each leads to the next round
 * </pre>
 *
 * <p>BACKOFF takes no hints: it is as early as it may be (DN-5, RS-1), unless the application knows better (SC-6).
 * Everything but {@link #closed} runs in one
 * context of its own and needs no lock.
 */
final class DnsResolver implements NameResolver {
    private static final System.Logger LOG = System.getLogger(DnsResolver.class.getName());

    /** Why the next round waits. */
    private enum Waiting {
        NOTHING,
        REFRESH,
        WANTED,
        BACKOFF
    }

    private final HostPort target;
    private final DnsOptions options;
    private final ResolverContext channel;
    private final Supplier<Lookup> lookups;
    private final RandomGenerator random;
    private final ServiceConfigChoices choices;
    private final SyncContext context;

    /** Written by {@link #close}, read before anything is reported: of what comes afterwards nothing is. */
    private volatile boolean closed;

    // In the context only.
    private final Backoff backoff = new Backoff();
    private @Nullable Listener listener;
    private @Nullable Lookup round;
    private @Nullable ScheduledTask deadline;
    private @Nullable ScheduledTask next;
    private Waiting waiting = Waiting.NOTHING;
    private @Nullable ServiceConfigSource config;
    private long lastEndNs;
    private boolean asBackoff;
    private boolean failing;

    /**
     * A resolver of one name.
     *
     * @param lookups makes one for each round; called in the resolver's context
     */
    DnsResolver(
            HostPort target,
            DnsOptions options,
            ResolverContext channel,
            Supplier<Lookup> lookups,
            RandomGenerator random) {
        this.target = target;
        this.options = options;
        this.channel = channel;
        this.lookups = lookups;
        this.random = random;
        this.choices = new ServiceConfigChoices(random);
        this.context = new SyncContext(channel.timer(), this::onFault);
        restartDelays();
    }

    @Override
    public void start(Listener newListener) {
        context.execute(() -> {
            listener = newListener;
            lookUp();
        });
    }

    @Override
    public void resolveNow() {
        context.execute(() -> {
            if (isIdle() && (waiting == Waiting.NOTHING || waiting == Waiting.REFRESH)) {
                await(Waiting.WANTED, options.minInterval().toNanos() - sinceLastEndNs());
            }
        });
    }

    @Override
    public void retry() {
        context.execute(() -> {
            if (isIdle() && waiting != Waiting.BACKOFF) {
                await(Waiting.BACKOFF, backoff.nextDelayNs() - sinceLastEndNs());
            }
        });
    }

    @Override
    public void resetBackoff() {
        context.execute(() -> {
            restartDelays();
            if (isIdle() && waiting == Waiting.BACKOFF) {
                lookUp();
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        context.execute(() -> {
            listener = null;
            stopWaiting();
            endRound();
        });
    }

    private boolean isIdle() {
        return !closed && listener != null && round == null;
    }

    private long sinceLastEndNs() {
        return channel.clock().getAsLong() - lastEndNs;
    }

    private void await(Waiting reason, long delayNs) {
        stopWaiting();
        waiting = reason;
        next = context.schedule(delayNs, this::lookUp);
    }

    private void stopWaiting() {
        waiting = Waiting.NOTHING;
        if (next != null) {
            next.cancel();
            next = null;
        }
    }

    private void lookUp() {
        if (!isIdle()) {
            return;
        }
        asBackoff = waiting == Waiting.BACKOFF;
        stopWaiting();
        Lookup begun = lookups.get();
        ServiceConfigSource before = config;
        round = begun;
        deadline = context.schedule(
                options.lookupTimeout().toNanos(),
                () -> onFailure("no answer from " + begun + " within " + options.lookupTimeout(), null));
        CompletableFuture<?> unused = Discovery.of(begun, target, options, channel.wantsServiceConfig(), random)
                .thenCompose(found -> configOf(found, before).thenApply(chosen -> new Outcome(found, chosen)))
                .whenComplete((outcome, failure) -> context.execute(() -> onOutcome(begun, outcome, failure)));
    }

    /** TXT records that cannot be had leave the config as it was (DN-8). */
    private CompletableFuture<@Nullable ServiceConfigSource> configOf(
            Discovery found, @Nullable ServiceConfigSource before) {
        List<String> texts = found.texts();
        return texts == null ? CompletableFuture.completedFuture(before) : choices.choose(texts);
    }

    private record Outcome(Discovery found, @Nullable ServiceConfigSource config) {}

    private void onOutcome(Lookup of, @Nullable Outcome outcome, @Nullable Throwable failure) {
        if (round != of) {
            return;
        }
        if (outcome != null) {
            onAnswer(outcome);
        } else {
            Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                    ? failure.getCause()
                    : Objects.requireNonNull(failure);
            String reason = cause.getMessage();
            onFailure(reason == null ? cause.toString() : reason, cause);
        }
    }

    private void onAnswer(Outcome outcome) {
        endRound();
        config = outcome.config;
        Discovery found = outcome.found;
        if (found.endpoints().isEmpty()) {
            await(Waiting.BACKOFF, backoff.nextDelayNs());
        } else {
            onEndpoints(found);
        }
        Listener told = listener;
        if (told != null && !closed) {
            told.onResolution(new Resolution(found.endpoints(), config, null));
        }
    }

    private void onEndpoints(Discovery found) {
        if (failing) {
            failing = false;
            LOG.log(System.Logger.Level.DEBUG, "name resolution of \"{0}\" works again", target.host());
        }
        // The channel never says that an answer is good, only that it is bad: after such a one the delays go on.
        if (!asBackoff) {
            restartDelays();
        }
        long refreshNs = options.refreshInterval().map(Duration::toNanos).orElse(Answer.NO_TTL);
        long dueNs = Math.min(refreshNs, options.honourTtl() ? found.ttlNs() : Answer.NO_TTL);
        if (dueNs != Answer.NO_TTL) {
            await(Waiting.REFRESH, Math.max(dueNs, options.minInterval().toNanos()));
        }
    }

    private void onFailure(String reason, @Nullable Throwable cause) {
        endRound();
        String message = "name resolution of \"" + target.host() + "\" failed: " + reason;
        if (!failing) {
            failing = true;
            // The channel tells operators, as it does of every resolver: once.
            LOG.log(System.Logger.Level.DEBUG, message);
        }
        await(Waiting.BACKOFF, backoff.nextDelayNs());
        Listener told = listener;
        if (told != null && !closed) {
            told.onError(new Status(StatusCode.UNAVAILABLE, message, cause));
        }
    }

    private void endRound() {
        lastEndNs = channel.clock().getAsLong();
        if (deadline != null) {
            deadline.cancel();
            deadline = null;
        }
        if (round != null) {
            round.close();
            round = null;
        }
    }

    /** DN-5: a look-up that failed is not repeated at once, so the delays begin with their second step. */
    private void restartDelays() {
        backoff.reset();
        long unused = backoff.nextDelayNs();
    }

    /** A fault of ours, or of a listener: the name is asked for again, as after any failure. */
    private void onFault(Throwable thrown) {
        if (!closed) {
            onFailure(thrown.toString(), thrown);
        }
    }
}
