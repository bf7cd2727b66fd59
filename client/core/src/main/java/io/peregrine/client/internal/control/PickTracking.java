package io.peregrine.client.internal.control;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.DoneInfo;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.internal.message.LoadReports;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells a balancer how the attempts ended that its picker placed, each once (SPEC PK-9). Belongs to the owner of its
 * attempt, and is used again for the attempts of later calls.
 */
public final class PickTracking implements DoneInfo {
    private static final System.Logger LOG = System.getLogger(PickTracking.class.getName());

    /** A listener that throws will throw again, for each call. */
    private static final AtomicBoolean LOGGED = new AtomicBoolean();

    private final LongSupplier clock;
    private @Nullable DoneListener listener;
    private long startNs;
    private long timeoutNs;
    private boolean sent;
    private boolean responded;
    private Status status = Status.OK;
    private Metadata trailers = Metadata.EMPTY;
    private @Nullable LoadReport report;
    private boolean reportRead;

    /** Without a pick; on the clock of calls. */
    public PickTracking(LongSupplier clock) {
        this.clock = clock;
    }

    /** A picker has placed the attempt. */
    public void begin(DoneListener newListener, long newStartNs, long newTimeoutNs) {
        assert listener == null : "a pick whose end was not told";
        listener = newListener;
        sent = false;
        startNs = newStartNs;
        timeoutNs = newTimeoutNs;
    }

    /** Whether a connection has the attempt; before it has, and again if it refused. */
    public void sent(boolean newSent) {
        sent = newSent;
    }

    /** The pick was in vain: nothing was sent (PK-7). */
    public void endUnsent(Status why) {
        sent = false;
        end(why, Metadata.EMPTY, false);
    }

    /** The attempt has ended. */
    public void end(Status newStatus, Metadata newTrailers, boolean newResponded) {
        DoneListener told = listener;
        if (told == null) {
            return;
        }
        listener = null;
        status = newStatus;
        trailers = newTrailers;
        responded = newResponded;
        try {
            told.onDone(this);
        } catch (RuntimeException | Error thrown) {
            if (LOGGED.compareAndSet(false, true)) {
                LOG.log(System.Logger.Level.ERROR, "a balancer's listener failed; this is logged once", thrown);
            }
        }
        forget();
    }

    private void forget() {
        sent = false;
        status = Status.OK;
        trailers = Metadata.EMPTY;
        report = null;
        reportRead = false;
    }

    @Override
    public Status status() {
        return status;
    }

    @Override
    public Metadata trailers() {
        return trailers;
    }

    @Override
    public boolean isSent() {
        return sent;
    }

    @Override
    public boolean isResponded() {
        return responded;
    }

    @Override
    public long elapsedNs() {
        return clock.getAsLong() - startNs;
    }

    @Override
    public long timeoutNs() {
        return timeoutNs;
    }

    @Override
    public @Nullable LoadReport loadReport() {
        if (!reportRead) {
            reportRead = true;
            report = LoadReports.of(trailers);
        }
        return report;
    }
}
