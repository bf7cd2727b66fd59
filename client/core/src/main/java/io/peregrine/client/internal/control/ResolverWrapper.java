package io.peregrine.client.internal.control;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The resolver of a channel that is not idle (SPEC 2.4). There is one at a time; what a resolver says after it was closed
 * is not heard.
 *
 * <p>An answer that is of no use, an error, and a resolver that throws are asked for again in the rhythm of the
 * connections' backoff, until there is a good answer (RS-1). A resolver that cannot even be made or started is made anew in
 * that rhythm.
 *
 * <p>What a resolver reports faster than the channel takes it is not queued: only its last answer is kept, and an error
 * that came behind it. So memory is bounded whatever the resolver does.
 *
 * <p>Confined to the channel's serialised context, but for what resolvers report.
 */
final class ResolverWrapper {
    private static final System.Logger LOG = System.getLogger(ResolverWrapper.class.getName());

    /** Who is told of answers, in the context. */
    interface Listener {
        /** Takes an answer, perhaps an empty one. Returns why it is of no use; empty if it is. */
        String onResolution(Resolution answer);

        /** There is no answer. */
        void onError(Status status);
    }

    private final String target;
    private final SyncContext context;
    private final Supplier<NameResolver> factory;
    private final ChannelFailures failures;
    private final Listener listener;
    private final Backoff delays = new Backoff();
    private @Nullable Source source;
    private SyncContext.@Nullable ScheduledTask retry;
    private boolean hinted;
    private boolean failing;
    private boolean closed;

    ResolverWrapper(
            String target,
            SyncContext context,
            Supplier<NameResolver> factory,
            ChannelFailures failures,
            Listener listener) {
        this.target = target;
        this.context = context;
        this.factory = factory;
        this.failures = failures;
        this.listener = listener;
    }

    /** Makes the resolver and starts it. Called once. */
    void start() {
        context.requireInContext();
        Source started = new Source();
        try {
            NameResolver made = factory.get();
            started.resolver = made;
            source = started;
            made.start(started);
        } catch (RuntimeException | Error thrown) {
            closeSource();
            onThrown("could not be started", thrown);
        }
    }

    /** Passes on a hint that something has changed; one for all that wait in the context to give it (RS-4). */
    void resolveNow() {
        context.requireInContext();
        if (!hinted) {
            hinted = true;
            context.execute(() -> {
                hinted = false;
                ask(NameResolver::resolveNow);
            });
        }
    }

    /** Does now what the backoff delays, and begins with the first delay again (SPEC SC-6). */
    void resetBackoff() {
        context.requireInContext();
        delays.reset();
        if (retry != null) {
            stopRetry();
            askAgain();
        }
        ask(NameResolver::resetBackoff);
    }

    /** Closes the resolver. */
    void close() {
        context.requireInContext();
        closed = true;
        stopRetry();
        closeSource();
    }

    private void ask(Consumer<NameResolver> question) {
        Source asked = source;
        if (asked == null || asked.resolver == null) {
            return;
        }
        try {
            question.accept(asked.resolver);
        } catch (RuntimeException | Error thrown) {
            onThrown("could not be asked", thrown);
        }
    }

    private void closeSource() {
        Source ended = source;
        source = null;
        if (ended == null || ended.resolver == null) {
            return;
        }
        try {
            ended.resolver.close();
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, "the resolver of " + target + " threw when it was closed", thrown);
        }
    }

    private void onThrown(String what, Throwable thrown) {
        onError(new Status(StatusCode.UNAVAILABLE, "the resolver of " + target + ' ' + what + ": " + thrown, thrown));
    }

    private void onAnswer(Resolution answer) {
        String useless = listener.onResolution(answer);
        if (closed) {
            return;
        }
        if (useless.isEmpty()) {
            stopRetry();
            delays.reset();
            onGood();
        } else {
            onBad(useless, null);
            retryLater();
        }
    }

    private void onError(Status status) {
        onBad(status.message(), status.cause());
        listener.onError(status);
        retryLater();
    }

    /** Logged when it begins, and not with each repetition. */
    private void onBad(String reason, @Nullable Throwable cause) {
        failures.resolver(reason);
        System.Logger.Level level = failing ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING;
        LOG.log(level, target + ": " + reason, cause);
        failing = true;
    }

    private void onGood() {
        failures.resolver("");
        if (failing) {
            failing = false;
            LOG.log(System.Logger.Level.INFO, "{0}: the resolver has a good answer again", target);
        }
    }

    private void retryLater() {
        if (retry == null && !closed) {
            retry = context.schedule(delays.nextDelayNs(), this::askAgain);
        }
    }

    private void askAgain() {
        retry = null;
        if (source == null) {
            start();
        } else {
            ask(NameResolver::retry);
        }
    }

    private void stopRetry() {
        if (retry != null) {
            retry.cancel();
            retry = null;
        }
    }

    /** What was reported and not yet taken: an answer, and an error behind it. */
    private static final class Report {
        static final Report NONE = new Report(null, null);

        final @Nullable Resolution answer;
        final @Nullable Status error;

        Report(@Nullable Resolution answer, @Nullable Status error) {
            this.answer = answer;
            this.error = error;
        }
    }

    /** The resolver's view. It reports on any thread; whoever finds nothing waiting submits the task that takes it. */
    private final class Source implements NameResolver.Listener {
        private final AtomicReference<Report> waiting = new AtomicReference<>(Report.NONE);
        private @Nullable NameResolver resolver;

        @Override
        public void onEndpoints(List<Endpoint> endpoints) {
            onResolution(Resolution.of(endpoints));
        }

        @Override
        public void onResolution(Resolution resolution) {
            Objects.requireNonNull(resolution, "resolution");
            if (waiting.getAndSet(new Report(resolution, null)) == Report.NONE) {
                context.execute(this::take);
            }
        }

        @Override
        public void onError(Status status) {
            Status error = status.isOk() ? Status.of(StatusCode.INTERNAL, okForError()) : status;
            if (waiting.getAndUpdate(last -> new Report(last.answer, error)) == Report.NONE) {
                context.execute(this::take);
            }
        }

        private String okForError() {
            return "the resolver of " + target + " failed with the status OK (expected: an error)";
        }

        private void take() {
            Report report = waiting.getAndSet(Report.NONE);
            if (source == this && report.answer != null) {
                onAnswer(report.answer);
            }
            if (source == this && report.error != null) {
                ResolverWrapper.this.onError(report.error);
            }
        }
    }
}
