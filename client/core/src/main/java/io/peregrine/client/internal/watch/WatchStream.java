package io.peregrine.client.internal.watch;

import io.peregrine.client.ClientCall;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.internal.control.Backoff;
import io.peregrine.client.internal.control.SubConnWatches;
import io.peregrine.client.internal.control.SyncContext;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A stream of messages from a subchannel's server, kept open while the subchannel is READY (SPEC WR-7, A17).
 *
 * <pre>
 *   stopped ──start()──▶ open ──UNIMPLEMENTED──▶ given up (until stop())
 *                        ▲  │
 *           backoff over │  │ any other end
 *                        waiting
 * </pre>
 *
 * <p>A stream that has had a message is opened again at once (HC-5). The backoff of others is measured from the start of the
 * stream that ended (D3), and begins anew once a message has come. A server that answers each stream and ends it at once
 * gets {@value #MAX_AT_ONCE} in a row, and then one in about a second: it is not to keep this side busy.
 *
 * <p>Each message is asked for when the one before has been told, so that a server's haste does not fill the context's queue.
 *
 * <p>Confined to the channel's serialised context; what the stream calls back enters it.
 *
 * @param <R> the messages
 */
public final class WatchStream<R> implements SubConnWatches.Watch {
    /** How many streams in a row that did not live for {@link #STABLE_NS} are opened again at once. */
    private static final int MAX_AT_ONCE = 5;

    private static final long STABLE_NS = TimeUnit.SECONDS.toNanos(1);

    /** Who is told, in the channel's serialised context, between {@link #start} and {@link #stop} only. */
    public interface Listener<R> {
        /** A message has come. */
        void onMessage(R message);

        /** The stream has ended. With UNIMPLEMENTED it stays so for this connection; otherwise it is opened again. */
        void onEnd(Status status);
    }

    /** Opens the stream. */
    @FunctionalInterface
    public interface Source<R> {
        /** Starts the call, which asks for no message yet. */
        ClientCall<?> open(StreamCallback<R> callback);
    }

    private final Source<R> source;
    private final SyncContext context;
    private final LongSupplier clock;
    private final Listener<R> listener;
    private final Backoff delays = new Backoff();
    private boolean started;
    private int atOnce;
    private @Nullable Run current;
    private SyncContext.@Nullable ScheduledTask restart;

    /** A stream that is not open. */
    public WatchStream(Source<R> source, SyncContext context, LongSupplier clock, Listener<R> listener) {
        this.source = source;
        this.context = context;
        this.clock = clock;
        this.listener = listener;
    }

    @Override
    public void start() {
        context.requireInContext();
        if (!started) {
            started = true;
            delays.reset();
            atOnce = 0;
            open();
        }
    }

    @Override
    public void stop() {
        context.requireInContext();
        started = false;
        if (restart != null) {
            restart.cancel();
            restart = null;
        }
        Run ended = current;
        current = null;
        if (ended != null && ended.call != null) {
            ended.call.cancel("the connection is not used any more", null);
        }
    }

    private void open() {
        restart = null;
        Run run = new Run(clock.getAsLong());
        current = run;
        ClientCall<?> call = source.open(run);
        run.call = call;
        call.request(1);
    }

    private void onMessage(Run run, R message) {
        if (current != run) {
            return;
        }
        run.heard = true;
        delays.reset();
        listener.onMessage(message);
        ClientCall<?> call = run.call;
        if (current == run && call != null) {
            call.request(1);
        }
    }

    private void onEnd(Run run, Status status) {
        if (current != run) {
            return;
        }
        current = null;
        if (status.code() != StatusCode.UNIMPLEMENTED) {
            restart = context.schedule(delayNs(run), this::open);
        }
        listener.onEnd(status);
    }

    private long delayNs(Run ended) {
        long livedNs = clock.getAsLong() - ended.startNs;
        if (livedNs >= STABLE_NS) {
            atOnce = 0;
        }
        if (ended.heard && atOnce < MAX_AT_ONCE) {
            atOnce++;
            return 0;
        }
        return delays.nextDelayNs() - livedNs;
    }

    /** One stream. Its callbacks run on the connection's event loop. */
    private final class Run implements StreamCallback<R> {
        private final long startNs;

        /** Null while the source opens it, which is one task of the context: no other sees it so. */
        private @Nullable ClientCall<?> call;

        /** Whether a message has come; in the context only. */
        private boolean heard;

        Run(long startNs) {
            this.startNs = startNs;
        }

        @Override
        public void onMessage(R message) {
            context.execute(() -> WatchStream.this.onMessage(this, message));
        }

        @Override
        public void onComplete(Metadata trailers) {
            context.execute(() -> onEnd(this, Status.OK));
        }

        @Override
        public void onFailure(StatusException failure) {
            context.execute(() -> onEnd(this, failure.status()));
        }
    }
}
