package io.peregrine.client.resolver.registry;

import io.peregrine.client.Cancellable;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.internal.control.Backoff;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.ResolverContext;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A resolver that watches a service in a registry: it asks, and a subclass says how; it keeps the last good state when
 * the registry fails (SPEC RS-2), and asks again with the connections' backoff (RS-1, SC-5).
 *
 * <p>Everything a subclass implements runs one at a time, and so must what it calls here: what comes from other threads
 * enters by {@link #execute}. No state of a subclass needs a lock. Logs one line when the registry begins to fail, one
 * when it is back, and none for the tries between them.
 */
public abstract class RegistryResolver implements NameResolver {
    private final System.Logger log = System.getLogger(getClass().getName());
    private final String what;
    private final LongSupplier clock;
    private final SyncContext serial;
    private final Backoff backoff = new Backoff();

    // In the serialised context only.
    private Condition condition = Condition.UNKNOWN;
    private @Nullable Listener listener;
    private @Nullable List<Endpoint> reported;
    private @Nullable Cancellable nextTry;
    private boolean closed;

    /** How much of what the registry says can be used. */
    private enum Condition {
        UNKNOWN,
        GOOD,
        PARTIAL,
        FAILING
    }

    /**
     * A resolver that does nothing yet.
     *
     * @param what whom it asks for what, for messages, for example {@code consul at 127.0.0.1:8500, service greeter}
     */
    protected RegistryResolver(String what, ResolverContext context) {
        this.what = what;
        this.clock = context.clock();
        this.serial = new SyncContext(context.timer(), this::onUncaught);
    }

    /** Begins to ask. What it throws counts as {@link #failed}. */
    protected abstract void ask();

    /** Ends what {@link #ask} began, if it has not ended; nothing must come of it afterwards. */
    protected abstract void abandon();

    /**
     * The channel would like to know more (RS-4). Not called between a failure and the next try, which keeps its
     * backoff. Default: does nothing, since a watch that works has reported all there is.
     */
    protected void refresh() {}

    @Override
    public final void start(Listener newListener) {
        serial.execute(() -> {
            if (!closed) {
                listener = newListener;
                ask();
            }
        });
    }

    @Override
    public final void resolveNow() {
        serial.execute(() -> {
            if (listener != null && nextTry == null) {
                refresh();
            }
        });
    }

    @Override
    public final void resetBackoff() {
        serial.execute(() -> {
            backoff.reset();
            if (listener != null && nextTry != null) {
                stopTrying();
                ask();
            }
        });
    }

    @Override
    public final void close() {
        serial.execute(() -> {
            closed = true;
            listener = null;
            stopTrying();
            abandon();
        });
    }

    /** Runs the task one at a time with everything else here, unless the resolver is closed. Any thread. */
    protected final void execute(Runnable task) {
        serial.execute(() -> {
            if (!closed) {
                task.run();
            }
        });
    }

    /** Runs the task after a delay in nanoseconds, as {@link #execute} does. */
    protected final Cancellable schedule(long delayNs, Runnable task) {
        return serial.schedule(delayNs, () -> {
            if (!closed) {
                task.run();
            }
        })::cancel;
    }

    /** The time in nanoseconds, as {@link System#nanoTime()} counts it. */
    protected final long nanoTime() {
        return clock.getAsLong();
    }

    /**
     * The registry says this. What it has just said is not reported again, unless it failed in between. If there are
     * entries but none can be used, that is an error (RS-2), though not one to ask again for: the watch goes on.
     */
    protected final void found(Instances instances) {
        if (listener == null) {
            return;
        }
        if (instances.areAllUnusable()) {
            report(instances.complaint(), null);
            return;
        }
        move(instances.unusable() == 0 ? Condition.GOOD : Condition.PARTIAL, instances.complaint());
        List<Endpoint> endpoints = instances.endpoints();
        if (!endpoints.equals(reported)) {
            reported = endpoints;
            listener.onEndpoints(endpoints);
        }
    }

    /**
     * The registry does not answer, or what it answers cannot be used: reported, and asked again after the backoff.
     * Earlier endpoints stay in use.
     *
     * @param reason a phrase with the value and what was expected
     */
    protected final void failed(String reason, @Nullable Throwable cause) {
        if (closed) {
            return;
        }
        abandon();
        askAfterBackoff();
        report(reason, cause);
    }

    private void report(String reason, @Nullable Throwable cause) {
        // The channel may put the error in the place of an empty list, and is to hear of the list again.
        reported = null;
        move(Condition.FAILING, reason);
        if (listener != null) {
            listener.onError(new Status(StatusCode.UNAVAILABLE, what + ": " + reason, cause));
        }
    }

    /** The registry works: the next failure begins with the shortest backoff. */
    protected final void progressed() {
        backoff.reset();
    }

    /** Asks after one more step of the backoff. */
    protected final void askAfterBackoff() {
        askAfter(backoff.nextDelayNs());
    }

    /** Asks after a delay in nanoseconds, unless a try is planned already. */
    protected final void askAfter(long delayNs) {
        if (nextTry == null) {
            nextTry = schedule(delayNs, () -> {
                nextTry = null;
                ask();
            });
        }
    }

    private void stopTrying() {
        if (nextTry != null) {
            nextTry.cancel();
            nextTry = null;
        }
    }

    private void move(Condition to, String reason) {
        Condition from = condition;
        condition = to;
        if (from == to) {
            return;
        }
        if (to == Condition.GOOD) {
            if (from != Condition.UNKNOWN) {
                log.log(System.Logger.Level.INFO, "{0}: works again", what);
            }
        } else {
            String consequence = to == Condition.FAILING ? "; the last good state stays in use" : "";
            log.log(System.Logger.Level.WARNING, "{0}: {1}{2}", what, reason, consequence);
        }
    }

    /** A fault of a subclass, or of what it was given, such as a source of tokens, is no reason to stop asking. */
    private void onUncaught(Throwable thrown) {
        failed("cannot be asked: " + thrown, thrown);
    }
}
