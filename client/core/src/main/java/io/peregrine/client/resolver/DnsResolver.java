package io.peregrine.client.resolver;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.internal.control.Backoff;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Resolves a host through the system's resolver. Each address is an endpoint of its own, in the system's order
 * (DN-4). An IP literal is reported once and never looked up (DN-2).
 *
 * <p>After a success the next look-up waits for {@link #resolveNow}, and for 30 s to have passed; after a failure it
 * comes by itself, with the connections' backoff (DN-5).
 */
final class DnsResolver implements NameResolver {
    private static final long MIN_INTERVAL_NS = TimeUnit.SECONDS.toNanos(30);

    private final HostPort hostPort;
    private final ScheduledExecutorService timer;
    private final Backoff backoff = new Backoff();
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private @Nullable Listener listener;
    private @Nullable ScheduledFuture<?> scheduled;
    private boolean lookingUp;
    private boolean closed;
    private boolean succeeded;
    private long lastSuccessNs;

    DnsResolver(HostPort hostPort, ScheduledExecutorService timer) {
        this.hostPort = hostPort;
        this.timer = timer;
    }

    @Override
    public void start(Listener newListener) {
        lock.lock();
        try {
            listener = newListener;
        } finally {
            lock.unlock();
        }
        lookUp();
    }

    @Override
    public void resolveNow() {
        if (HostLookup.literal(hostPort.host()) != null) {
            return;
        }
        lock.lock();
        try {
            if (closed || lookingUp || scheduled != null) {
                return;
            }
            long waitNs = succeeded ? lastSuccessNs + MIN_INTERVAL_NS - System.nanoTime() : 0;
            schedule(Math.max(0, waitNs));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            listener = null;
            if (scheduled != null) {
                scheduled.cancel(false);
                scheduled = null;
            }
        } finally {
            lock.unlock();
        }
    }

    private void schedule(long delayNs) {
        try {
            scheduled = timer.schedule(this::lookUp, delayNs, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException timerIsGone) {
            closed = true;
        }
    }

    private void lookUp() {
        lock.lock();
        try {
            scheduled = null;
            if (closed || lookingUp) {
                return;
            }
            lookingUp = true;
        } finally {
            lock.unlock();
        }
        CompletableFuture<?> unused = HostLookup.all(hostPort.host()).whenComplete(this::onAnswer);
    }

    private void onAnswer(@Nullable List<InetAddress> addresses, @Nullable Throwable failure) {
        Listener told;
        lock.lock();
        try {
            lookingUp = false;
            told = listener;
            if (told == null) {
                return;
            }
            if (failure == null) {
                succeeded = true;
                lastSuccessNs = System.nanoTime();
                backoff.reset();
            } else {
                schedule(backoff.nextDelayNs());
            }
        } finally {
            lock.unlock();
        }
        if (addresses != null) {
            told.onEndpoints(addresses.stream()
                    .map(address -> Endpoint.of(new InetSocketAddress(address, hostPort.port())))
                    .toList());
        } else {
            String message = "name resolution of \"" + hostPort.host() + "\" failed: "
                    + (failure == null ? "no answer" : failure.getMessage());
            told.onError(new Status(StatusCode.UNAVAILABLE, message, failure));
        }
    }
}
