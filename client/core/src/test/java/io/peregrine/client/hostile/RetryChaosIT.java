package io.peregrine.client.hostile;

import static io.peregrine.client.hostile.HostileStream.GRPC;
import static io.peregrine.client.hostile.HostileStream.REFUSED_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.testkit.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * Retries and hedges against a server that answers, refuses, delays, drops, resets, says GOAWAY, cuts connections and
 * sends pushbacks at random (P1, P4; SPEC 2.14): each call ends once, none is processed more often than its policy
 * allows, and no byte of the replay budget is left over.
 */
class RetryChaosIT {
    private static final MethodDescriptor<byte[], byte[]> UNARY =
            MethodDescriptor.unary("test.Chaos/Call", Marshallers.bytes(), Marshallers.bytes());
    private static final MethodDescriptor<byte[], byte[]> BIDI =
            MethodDescriptor.bidiStreaming("test.Chaos/Chat", Marshallers.bytes(), Marshallers.bytes());

    private static final int THREADS = 4;
    private static final int CALLS_OF_A_THREAD = 500;
    private static final int CALLS_AT_ONCE = 64;
    private static final Duration RUN = Duration.ofSeconds(8);
    private static final int BUDGET_BYTES = 32 << 10;
    private static final int PREFIX_BYTES = 5;

    /** How a call is made, and how often it may be processed. */
    private enum Kind {
        UNARY_ONCE(1),
        UNARY_RETRIED(4),
        UNARY_HEDGED(3),
        STREAM_ONCE(1),
        STREAM_RETRIED(4),
        STREAM_HEDGED(3);

        private final int maxProcessed;

        Kind(int maxProcessed) {
            this.maxProcessed = maxProcessed;
        }

        boolean isUnary() {
            return name().startsWith("UNARY");
        }

        CallOptions options() {
            CallOptions options =
                    CallOptions.deadlineAfter(Duration.ofSeconds(2)).withWaitForReady(true);
            return switch (this) {
                case UNARY_ONCE, STREAM_ONCE -> options;
                case UNARY_RETRIED, STREAM_RETRIED ->
                    options.withRetry(RetryPolicy.exponential(Duration.ofMillis(1), 2, Duration.ofMillis(20))
                            .maxAttempts(maxProcessed)
                            .on(StatusCode.UNAVAILABLE, StatusCode.CANCELLED)
                            .perAttemptRecvTimeout(Duration.ofMillis(200)));
                case UNARY_HEDGED, STREAM_HEDGED ->
                    options.withHedging(HedgingPolicy.after(Duration.ofMillis(5))
                            .maxAttempts(maxProcessed)
                            .nonFatal(StatusCode.UNAVAILABLE, StatusCode.CANCELLED));
            };
        }
    }

    private final Map<Integer, AtomicInteger> processed = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<RecordedEnd> calls = new ConcurrentLinkedQueue<>();
    private final Semaphore free = new Semaphore(CALLS_AT_ONCE);
    private final AtomicInteger nextKey = new AtomicInteger();

    @Test
    void p4NoCallIsProcessedMoreOftenThanItsPolicyAllowsAndEachEndsOnce() throws Exception {
        SplittableRandom random = Seeds.random("retries and hedges against chaos");
        Chaos chaos = new Chaos(random.split());
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try (HostileServer server = HostileServer.start(chaos);
                ClientConn first = connect(server);
                ClientConn second = connect(server)) {
            long endNs = System.nanoTime() + RUN.toNanos();
            List<Future<?>> callers = List.of(first, second, first, second).stream()
                    .<Future<?>>map(conn -> {
                        SplittableRandom own = random.split();
                        return threads.submit(() -> {
                            callUntil(endNs, conn, own);
                            return own;
                        });
                    })
                    .toList();
            for (Future<?> caller : callers) {
                caller.get(60, TimeUnit.SECONDS);
            }
            assertThat(free.tryAcquire(CALLS_AT_ONCE, 30, TimeUnit.SECONDS))
                    .as("all %d calls end", calls.size())
                    .isTrue();

            for (RecordedEnd call : calls) {
                assertThat(call.ends).as("ends of %s", call).hasValue(1);
                AtomicInteger times = processed.getOrDefault(call.key, new AtomicInteger());
                assertThat(times.get()).as("times that %s was processed", call).isBetween(0, call.kind.maxProcessed);
                if (call.succeeded) {
                    assertThat(times.get()).as("times that %s was processed", call).isPositive();
                }
            }
            assertThat(calls.stream().filter(call -> call.succeeded).count())
                    .as("calls that succeed, of %d", calls.size())
                    .isGreaterThan(calls.size() / 4);
            chaos.calm = true;
            assertBudgetIsFree(first);
            assertBudgetIsFree(second);
        } finally {
            threads.shutdownNow();
        }
    }

    private static ClientConn connect(HostileServer server) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .retryBufferBytes(BUDGET_BYTES, BUDGET_BYTES)
                .build();
    }

    private void callUntil(long endNs, ClientConn conn, SplittableRandom random) throws InterruptedException {
        for (int i = 0; i < CALLS_OF_A_THREAD && System.nanoTime() - endNs < 0; i++) {
            free.acquire();
            Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
            RecordedEnd call = new RecordedEnd(kind, nextKey.incrementAndGet());
            calls.add(call);
            call.start(conn, random);
        }
    }

    /**
     * A message as large as the whole budget is kept only if nobody else keeps a byte. The server refuses the first
     * attempt, so that the call succeeds only if it was kept.
     */
    private void assertBudgetIsFree(ClientConn conn) throws InterruptedException {
        RecordedEnd call = new RecordedEnd(Kind.STREAM_RETRIED, -nextKey.incrementAndGet());
        free.drainPermits();
        ClientCall<byte[]> stream = conn.startCall(BIDI, call.kind.options(), (StreamCallback<byte[]>) call);
        stream.request(Integer.MAX_VALUE);
        byte[] large = new byte[BUDGET_BYTES - PREFIX_BYTES];
        ByteBuffer.wrap(large).putInt(call.key);
        while (!stream.trySend(large)) {
            assertThat(call.writable.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        }
        stream.closeSend();
        assertThat(free.tryAcquire(20, TimeUnit.SECONDS)).as("the call ends").isTrue();
        assertThat(call.succeeded).as("the replay budget is free; %s", call).isTrue();
        assertThat(processed.get(call.key)).hasValue(2);
    }

    /** One call, of whichever kind, and its ends. */
    private final class RecordedEnd implements UnaryCallback<byte[]>, StreamCallback<byte[]> {
        final AtomicInteger ends = new AtomicInteger();
        final Semaphore writable = new Semaphore(0);
        final Kind kind;
        final int key;
        volatile boolean succeeded;
        private volatile String outcome = "no end";

        RecordedEnd(Kind kind, int key) {
            this.kind = kind;
            this.key = key;
        }

        void start(ClientConn conn, SplittableRandom random) {
            byte[] keyed = ByteBuffer.allocate(4).putInt(key).array();
            if (kind.isUnary()) {
                var call = conn.invokeAsync(UNARY, keyed, kind.options(), (UnaryCallback<byte[]>) this);
                if (random.nextInt(20) == 0) {
                    call.cancel();
                }
                return;
            }
            ClientCall<byte[]> stream = conn.startCall(BIDI, kind.options(), (StreamCallback<byte[]>) this);
            stream.request(Integer.MAX_VALUE);
            // The key first; what finds no room, as between two attempts, is left out.
            for (int i = 0; i < 3; i++) {
                stream.trySend(keyed);
            }
            if (random.nextInt(20) == 0) {
                stream.cancel();
            }
            stream.closeSend();
        }

        @Override
        public void onHeaders(Metadata headers) {
            // Of no matter here.
        }

        @Override
        public void onSuccess(byte[] response, Metadata trailers) {
            succeeded = true;
            end("OK");
        }

        @Override
        public void onMessage(byte[] message) {
            // The end matters.
        }

        @Override
        public void onWritable() {
            writable.release();
        }

        @Override
        public void onComplete(Metadata trailers) {
            // A stream that could send nothing has no key, and was not counted.
            succeeded = !trailers.containsKey(Metadata.Key.of("x-no-key"));
            end("OK");
        }

        @Override
        public void onFailure(StatusException failure) {
            end(String.valueOf(failure.getMessage()));
        }

        private void end(String how) {
            outcome = how;
            if (ends.getAndIncrement() == 0) {
                free.release();
            }
        }

        @Override
        public String toString() {
            return kind + " " + key + ", " + outcome;
        }
    }

    /** What the server does with each request. Its methods run on the connections' threads. */
    private final class Chaos implements HostileServer.Script {
        private final SplittableRandom random;
        private final Map<HostileConnection, Integer> lastSeen = new HashMap<>();
        private final Map<HostileConnection, Integer> disownedAbove = new HashMap<>();
        private final Map<HostileConnection, HostileStream> held = new HashMap<>();
        volatile boolean calm;

        Chaos(SplittableRandom random) {
            this.random = random;
        }

        private synchronized int draw(int bound) {
            return random.nextInt(bound);
        }

        private synchronized boolean isDisowned(HostileStream stream) {
            return stream.id() > disownedAbove.getOrDefault(stream.connection(), Integer.MAX_VALUE);
        }

        @Override
        public void onRequest(HostileStream stream) throws IOException {
            if (isDisowned(stream)) {
                return;
            }
            HostileStream waiting = release(stream.connection());
            if (waiting != null) {
                waiting.echo();
            }
            if (calm) {
                if (count(stream) == 1) {
                    refuse(stream, StatusCode.UNAVAILABLE);
                } else {
                    answer(stream);
                }
                return;
            }
            int drawn = draw(100);
            if (drawn < 8) {
                stream.reset(REFUSED_STREAM);
            } else if (drawn < 10) {
                disown(stream);
            } else {
                count(stream);
                process(stream, drawn);
            }
        }

        private void process(HostileStream stream, int drawn) throws IOException {
            HostileConnection connection = stream.connection();
            if (drawn < 55) {
                answer(stream);
            } else if (drawn < 65) {
                refuse(stream, StatusCode.UNAVAILABLE);
            } else if (drawn < 72) {
                refuse(stream, StatusCode.UNAVAILABLE, "grpc-retry-pushback-ms", String.valueOf(draw(20)));
            } else if (drawn < 75) {
                refuse(stream, StatusCode.UNAVAILABLE, "grpc-retry-pushback-ms", "-1");
            } else if (drawn < 78) {
                refuse(stream, StatusCode.ABORTED);
            } else if (drawn < 82) {
                stream.reset(0x8);
            } else if (drawn < 85) {
                stream.headers();
                stream.reset(0x2);
            } else if (drawn < 94) {
                hold(stream);
            } else if (drawn < 97) {
                // Dropped: the client's own time must end it.
                stream.connection().ping();
            } else if (drawn < 98) {
                connection.cut();
            } else if (drawn < 99) {
                connection.close();
            } else {
                connection.halfClose();
            }
        }

        private synchronized void hold(HostileStream stream) {
            held.put(stream.connection(), stream);
        }

        private synchronized HostileStream release(HostileConnection connection) {
            return held.remove(connection);
        }

        /** GOAWAY for this request and those behind it; not for one that was processed before. */
        private void disown(HostileStream stream) throws IOException {
            int last;
            synchronized (this) {
                last = lastSeen.getOrDefault(stream.connection(), 0);
                disownedAbove.put(stream.connection(), last);
            }
            stream.connection().goAway(last, 0, "chaos");
            if (stream.id() <= last) {
                count(stream);
                answer(stream);
            }
        }

        private int count(HostileStream stream) {
            synchronized (this) {
                lastSeen.merge(stream.connection(), stream.id(), Math::max);
            }
            byte[] body = stream.received();
            if (body.length < PREFIX_BYTES + 4) {
                return 0;
            }
            int key = ByteBuffer.wrap(body).getInt(PREFIX_BYTES);
            return processed.computeIfAbsent(key, unseen -> new AtomicInteger()).incrementAndGet();
        }

        private void answer(HostileStream stream) throws IOException {
            stream.headers();
            if (stream.received().length < PREFIX_BYTES + 4) {
                stream.trailers("grpc-status", "0", "x-no-key", "1");
                return;
            }
            stream.message((byte) 7);
            stream.ok();
        }

        private void refuse(HostileStream stream, StatusCode code, String... fields) throws IOException {
            String[] all = new String[GRPC.length + 2 + fields.length];
            System.arraycopy(GRPC, 0, all, 0, GRPC.length);
            all[GRPC.length] = "grpc-status";
            all[GRPC.length + 1] = String.valueOf(code.value());
            System.arraycopy(fields, 0, all, GRPC.length + 2, fields.length);
            stream.trailers(all);
        }
    }
}
