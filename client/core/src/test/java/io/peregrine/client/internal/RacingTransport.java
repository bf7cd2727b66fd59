package io.peregrine.client.internal;

import static io.peregrine.transport.header.HeaderBlocks.block;

import io.netty.buffer.Unpooled;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamCapacity;
import io.peregrine.transport.http2.StreamFailure;
import io.peregrine.transport.http2.TransportStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A transport for real threads: streams may be started, signalled and cancelled from any of them, and the one that
 * calls {@link #turn} is its event loop, where a server answers at random.
 */
final class RacingTransport implements ClientTransport {
    private static final int STEPS = 3;

    private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final Map<Attempt<?>, Integer> live = new LinkedHashMap<>();

    /** What each stream has sent, as the first byte of each message. */
    final List<List<Byte>> sent = new ArrayList<>();

    private final Map<Attempt<?>, List<Byte>> sending = new LinkedHashMap<>();
    private volatile boolean busy;

    @Override
    public StartResult start(TransportStream stream) {
        commands.add(() -> {
            List<Byte> messages = new ArrayList<>();
            sent.add(messages);
            sending.put((Attempt<?>) stream, messages);
            live.put((Attempt<?>) stream, 0);
        });
        return StartResult.ACCEPTED;
    }

    @Override
    public void signal(TransportStream stream) {
        commands.add(() -> take((Attempt<?>) stream));
    }

    @Override
    public void cancel(TransportStream stream) {
        commands.add(() -> fail((Attempt<?>) stream, StreamFailure.Kind.CANCELLED));
    }

    @Override
    public void shutdown(String reason) {}

    @Override
    public void shutdownNow(String reason) {}

    @Override
    public StreamCapacity capacity() {
        throw new UnsupportedOperationException("one of several connections");
    }

    @Override
    public SocketAddress remoteAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 50051);
    }

    /** Whether it has no stream, and nothing to do. Any thread. */
    boolean isIdle() {
        return commands.isEmpty() && !busy;
    }

    /** One turn of the loop. */
    void turn(SplittableRandom random) {
        busy = true;
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
        }
        for (Attempt<?> attempt : List.copyOf(live.keySet())) {
            if (live.containsKey(attempt)) {
                take(attempt);
                step(attempt, random);
            }
        }
        busy = !live.isEmpty();
    }

    private void take(Attempt<?> attempt) {
        List<Byte> messages = sending.get(attempt);
        if (messages != null && live.containsKey(attempt)) {
            // Behind the prefix of five bytes.
            StreamAccess.takeMessages(attempt).forEach(message -> messages.add(message[5]));
        }
    }

    private void step(Attempt<?> attempt, SplittableRandom random) {
        int step = live.getOrDefault(attempt, STEPS);
        if (step == 0) {
            switch (random.nextInt(8)) {
                case 0 -> fail(attempt, StreamFailure.Kind.UNPROCESSED);
                case 1 -> fail(attempt, StreamFailure.Kind.REFUSED);
                case 2 -> fail(attempt, StreamFailure.Kind.CONNECTION_LOST);
                case 3 -> end(attempt, "14", true);
                case 4 -> end(attempt, "10", true);
                case 5 -> {
                    live.put(attempt, 1);
                    StreamAccess.beginResponse(attempt);
                    attempt.onHeaders(block(":status", "200", "content-type", "application/grpc", "x-a", "b"));
                }
                default -> {
                    // Not yet.
                }
            }
        } else if (step < STEPS) {
            live.put(attempt, step + 1);
            attempt.onMessage(Unpooled.wrappedBuffer(new byte[] {(byte) step}), false);
        } else {
            end(attempt, random.nextBoolean() ? "0" : "14", false);
        }
    }

    private void end(Attempt<?> attempt, String status, boolean trailersOnly) {
        if (live.remove(attempt) != null) {
            StreamAccess.release(attempt);
            attempt.onTrailers(
                    trailersOnly
                            ? block(":status", "200", "content-type", "application/grpc", "grpc-status", status)
                            : block("grpc-status", status),
                    trailersOnly);
        }
    }

    private void fail(Attempt<?> attempt, StreamFailure.Kind kind) {
        if (live.remove(attempt) != null) {
            StreamAccess.release(attempt);
            attempt.onFailure(new StreamFailure(kind, 0, "failed: " + kind, null));
        }
    }
}
