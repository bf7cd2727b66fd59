package io.peregrine.client.fleet;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.report.AttemptReport;
import io.peregrine.client.report.CallReport;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Calls at fixed times, whether or not earlier ones have ended, from a thread of its own. */
final class OpenLoad implements AutoCloseable {
    private final ClientConn conn;
    private final long intervalNs;
    private final CallOptions options;
    private final Queue<CallRecord> ended = new ConcurrentLinkedQueue<>();
    private final AtomicLong started = new AtomicLong();
    private final Thread thread = new Thread(this::run, "fleet-load");
    private volatile boolean stopped;

    OpenLoad(ClientConn conn, int callsPerSecond, Duration deadline) {
        this.conn = conn;
        this.intervalNs = Duration.ofSeconds(1).toNanos() / callsPerSecond;
        this.options = CallOptions.deadlineAfter(deadline);
        thread.setDaemon(true);
        thread.start();
    }

    /** Stops to start calls, and waits for the end of those that were started: each ends, so the time is only for a fault. */
    List<CallRecord> stop(Duration patience) throws InterruptedException {
        close();
        thread.join();
        long giveUpNs = System.nanoTime() + patience.toNanos();
        while (ended.size() < started.get()) {
            if (System.nanoTime() - giveUpNs > 0) {
                throw new AssertionError(started.get() - ended.size() + " of " + started + " calls have not ended");
            }
            LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
        }
        return new ArrayList<>(ended);
    }

    @Override
    public void close() {
        stopped = true;
    }

    private void run() {
        byte[] request = new byte[100];
        long intendedNs = System.nanoTime();
        while (!stopped) {
            long waitNs = intendedNs - System.nanoTime();
            if (waitNs > 0) {
                LockSupport.parkNanos(waitNs);
            } else {
                started.incrementAndGet();
                conn.invokeDetached(Backend.CALL, request, options, new Recorder(intendedNs));
                intendedNs += intervalNs;
            }
        }
    }

    private final class Recorder implements UnaryCallback<byte[]> {
        private final long intendedNs;

        Recorder(long intendedNs) {
            this.intendedNs = intendedNs;
        }

        @Override
        public void onSuccess(byte[] response, Metadata trailers) {
            ended.add(new CallRecord(intendedNs, System.nanoTime(), StatusCode.OK, null, null));
        }

        @Override
        public void onFailure(StatusException failure) {
            ended.add(new CallRecord(
                    intendedNs, System.nanoTime(), failure.status().code(), peerOf(failure), failure.getMessage()));
        }

        private static @Nullable SocketAddress peerOf(StatusException failure) {
            CallReport report = failure.report();
            if (report == null || report.attempts().isEmpty()) {
                return null;
            }
            AttemptReport last = report.attempts().get(report.attempts().size() - 1);
            return last.peer();
        }
    }
}
