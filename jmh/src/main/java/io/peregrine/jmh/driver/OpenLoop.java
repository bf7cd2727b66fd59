package io.peregrine.jmh.driver;

import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.peer.Payload;
import io.peregrine.jmh.peer.Peer;
import io.peregrine.jmh.peer.ServerTrust;
import io.peregrine.load.run.ArrivalSchedule;
import io.peregrine.load.run.WaitStrategy;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Measures the response times of calls that one thread starts at a constant rate, whether or not earlier ones have ended:
 * each counts from its intended start, so that a stall is seen by every call that was due during it. The same for every
 * client, on the schedule and the clock of the load generator.
 */
public final class OpenLoop {
    private static final int MAX_OUTSTANDING = 1024;
    private static final String USAGE = "PEER async|blocking RATE SECONDS HOST:PORT [--tls CERTIFICATE]"
            + " [--warm-up SECONDS] [--wait hybrid|park|spin]";
    private static final Set<String> OPTIONS = Set.of("--tls", "--warm-up", "--wait");
    private static final int WARM_UP_SECONDS = 10;
    private static final long LAST_RESPONSES_NS = TimeUnit.SECONDS.toNanos(10);

    private final WaitStrategy wait;
    private final ArrivalSchedule schedule;

    /** Calls that have ended: filled by the client's threads, emptied by the one that paces. */
    private final MpscAtomicArrayQueue<Slot> free = new MpscAtomicArrayQueue<>(MAX_OUTSTANDING);

    private volatile @Nullable Throwable failure;

    /** Slots to use again; of the pacing thread. */
    private final ArrayDeque<Slot> idle = new ArrayDeque<>(MAX_OUTSTANDING);

    private int slots;

    private OpenLoop(WaitStrategy wait, double callsPerSecond) {
        this.wait = wait;
        this.schedule = new ArrivalSchedule(callsPerSecond);
    }

    /**
     * Runs one measurement; exits with 2 if there is an argument that it does not know.
     *
     * @param args peer; whether the thread starts calls or makes them; calls per second; seconds; {@code host:port}
     */
    public static void main(String[] args) throws InterruptedException {
        try {
            Arguments arguments = Arguments.parse(USAGE, 5, 5, OPTIONS, args);
            System.out.println(measure(arguments, Payload.ofBytes()));
        } catch (IllegalArgumentException refused) {
            System.err.println(refused.getMessage());
            System.exit(2);
        }
    }

    private static <M> JsonLine measure(Arguments arguments, Payload<M> payload) throws InterruptedException {
        String peer = arguments.value(0);
        String mode = arguments.value(1);
        if (!mode.equals("async") && !mode.equals("blocking")) {
            throw new IllegalArgumentException("mode: " + mode + " (expected: async or blocking)");
        }
        String certificate = arguments.option("--tls");
        ServerTrust trust = certificate == null ? null : ServerTrust.shared(Path.of(certificate));
        WaitStrategy wait =
                WaitStrategy.valueOf(arguments.option("--wait", "hybrid").toUpperCase(Locale.ROOT));
        try (EchoClient<M> client = Peer.named(peer).connect(ClientSetup.of(arguments.value(4), trust), payload)) {
            OpenLoop loop = new OpenLoop(wait, arguments.number(2));
            boolean async = mode.equals("async");
            loop.run(arguments.option("--warm-up", WARM_UP_SECONDS), client, payload.message(), async);
            System.out.println("warm " + ProcessHandle.current().pid());
            // The reader of that line pins the process, and the first calls after that are not measured.
            loop.run(1, client, payload.message(), async);
            Histogram latencyNs = loop.run(arguments.number(3), client, payload.message(), async);
            return Results.newLine("OpenLoop", peer, mode, trust != null)
                    .put("callsPerSecond", arguments.number(2), 0)
                    .put("calls", latencyNs.getTotalCount(), 0)
                    .put("wait", wait.name().toLowerCase(Locale.ROOT))
                    .put("p50Us", latencyNs.getValueAtPercentile(50) / 1e3, 1)
                    .put("p99Us", latencyNs.getValueAtPercentile(99) / 1e3, 1)
                    .put("p999Us", latencyNs.getValueAtPercentile(99.9) / 1e3, 1)
                    .put("maxUs", latencyNs.getMaxValue() / 1e3, 1);
        }
    }

    private <M> Histogram run(int seconds, EchoClient<M> client, M message, boolean async) throws InterruptedException {
        Histogram latencyNs = new Histogram(TimeUnit.MINUTES.toNanos(1), 3);
        long calls = schedule.callsBefore(TimeUnit.SECONDS.toNanos(seconds));
        long startNs = wait.nanoTime();
        for (long index = 0; index < calls; index++) {
            long intendedNs = startNs + schedule.intendedNs(index);
            awaitTime(intendedNs);
            if (async) {
                acquire(client, message, latencyNs).start(intendedNs);
            } else {
                client.call(message);
                latencyNs.recordValue(wait.nanoTime() - intendedNs);
            }
        }
        awaitLast(latencyNs);
        return latencyNs;
    }

    private void awaitTime(long timeNs) {
        long leftNs = timeNs - wait.nanoTime();
        while (leftNs > 0) {
            wait.pause(leftNs);
            leftNs = timeNs - wait.nanoTime();
        }
    }

    /** Takes a slot whose call has ended, or a new one; waits when all are outstanding. */
    private <M> Slot acquire(EchoClient<M> client, M message, Histogram latencyNs) {
        collect(latencyNs);
        while (idle.isEmpty() && slots == MAX_OUTSTANDING) {
            Thread.onSpinWait();
            collect(latencyNs);
        }
        if (!idle.isEmpty()) {
            return idle.removeLast();
        }
        slots++;
        Slot slot = new Slot();
        slot.call = client.newCall(message, slot);
        return slot;
    }

    /** Records what has ended, on the pacing thread, so that the histogram has one writer. */
    private void collect(Histogram latencyNs) {
        throwIfFailed();
        for (Slot ended = free.poll(); ended != null; ended = free.poll()) {
            latencyNs.recordValue(Math.max(0, ended.endedNs - ended.intendedNs));
            idle.addLast(ended);
        }
    }

    private void awaitLast(Histogram latencyNs) throws InterruptedException {
        long giveUpNs = wait.nanoTime() + LAST_RESPONSES_NS;
        collect(latencyNs);
        while (idle.size() < slots) {
            if (wait.nanoTime() - giveUpNs > 0) {
                throw new IllegalStateException("responses: " + (slots - idle.size()) + " missing after 10 s");
            }
            TimeUnit.MILLISECONDS.sleep(1);
            collect(latencyNs);
        }
    }

    private void throwIfFailed() {
        Throwable first = failure;
        if (first != null) {
            throw new IllegalStateException("a call failed: " + first.getMessage(), first);
        }
    }

    /** A call to be started again and again. Its fields pass to the pacing thread through the queue. */
    private final class Slot implements EchoClient.Completion {
        private EchoClient.@Nullable RepeatedCall call;
        private long intendedNs;
        private long endedNs;

        void start(long newIntendedNs) {
            intendedNs = newIntendedNs;
            EchoClient.RepeatedCall next = call;
            assert next != null;
            next.start();
        }

        @Override
        public void onEnd(@Nullable Throwable thrown) {
            endedNs = System.nanoTime();
            if (thrown != null) {
                failure = thrown;
            }
            free.add(this);
        }
    }
}
