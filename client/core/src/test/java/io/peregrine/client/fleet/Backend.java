package io.peregrine.client.fleet;

import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.netty.channel.EventLoop;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.RawBytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A grpc-java server behind a {@link Relay}, and what was done to it and when. A test's thread does things to it; what
 * happened is read when all is over.
 */
final class Backend implements AutoCloseable {
    /** Answers with the request. */
    static final MethodDescriptor<byte[], byte[]> CALL =
            MethodDescriptor.unary("test.Fleet/Call", Marshallers.bytes(), Marshallers.bytes());

    /** What may be the matter with it. */
    enum Trouble {
        /** Its port refuses connections, and those that it had were reset. */
        STOPPED,
        /** Nothing goes in or out. */
        FROZEN,
        /** It answers late. */
        SLOW,
        /** It sent GOAWAY, ended what was under way, and was replaced on the same port. */
        RESTARTED
    }

    /** When the trouble began and ended, on the clock of {@link System#nanoTime()}. */
    record Episode(Trouble trouble, long startNs, long endNs) {
        boolean overlaps(long fromNs, long toNs) {
            return startNs - toNs <= 0 && fromNs - endNs <= 0;
        }
    }

    private static final long SLOW_MS = 100;

    private final ScheduledExecutorService timer;
    private final Relay relay;
    private final List<Episode> episodes = new ArrayList<>();
    private final List<Server> ended = new ArrayList<>();
    private volatile boolean slow;
    private Server server;
    private @Nullable Trouble trouble;
    private long troubleSinceNs;

    Backend(EventLoop relayLoop, ScheduledExecutorService timer) {
        this.timer = timer;
        this.server = newServer();
        this.relay = new Relay(relayLoop, server.getPort());
    }

    InetSocketAddress address() {
        return relay.address();
    }

    @Nullable
    Trouble trouble() {
        return trouble;
    }

    List<Episode> episodes() {
        return episodes;
    }

    /** Makes trouble; it has none. */
    void trouble(Trouble kind) {
        troubleSinceNs = System.nanoTime();
        trouble = kind;
        switch (kind) {
            case STOPPED -> relay.stop();
            case FROZEN -> relay.freeze(true);
            case SLOW -> slow = true;
            case RESTARTED -> {
                Server old = server;
                server = newServer();
                relay.relayTo(server.getPort());
                ended.add(old.shutdown());
            }
            default -> throw new AssertionError(kind);
        }
    }

    /** Ends the trouble that it has, if any. */
    void heal() {
        Trouble had = trouble;
        if (had == null) {
            return;
        }
        switch (had) {
            case STOPPED -> relay.open();
            case FROZEN -> relay.freeze(false);
            case SLOW -> slow = false;
            case RESTARTED -> {
                // It was another server from the beginning.
            }
            default -> throw new AssertionError(had);
        }
        trouble = null;
        episodes.add(new Episode(had, troubleSinceNs, System.nanoTime()));
    }

    /** Whether that trouble, or what it leaves behind for a moment, may have met a call of that time. */
    boolean had(Trouble kind, long fromNs, long toNs) {
        return episodes.stream().anyMatch(episode -> episode.trouble() == kind && episode.overlaps(fromNs, toNs));
    }

    @Override
    public void close() {
        relay.close();
        server.shutdownNow();
        ended.forEach(Server::shutdownNow);
    }

    private Server newServer() {
        try {
            return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .directExecutor()
                    .addService(service())
                    .build()
                    .start();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private ServerServiceDefinition service() {
        return ServerServiceDefinition.builder("test.Fleet")
                .addMethod(RawBytes.method(CALL), ServerCalls.asyncUnaryCall((request, observer) -> {
                    Runnable answer = () -> {
                        observer.onNext(request);
                        observer.onCompleted();
                    };
                    if (slow) {
                        Future<?> unused = timer.schedule(answer, SLOW_MS, TimeUnit.MILLISECONDS);
                    } else {
                        answer.run();
                    }
                }))
                .build();
    }
}
