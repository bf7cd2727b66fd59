package io.peregrine.transport.io;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.peregrine.transport.io.driven.CallerDrivenLoops;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The event loops behind one or more {@link EventLoops} handles. */
final class LoopGroup {
    static final int MAX_THREADS = 1024;

    /** How long tasks that keep coming can hold up a shutdown. There is no quiet period: nobody submits any more. */
    private static final long SHUTDOWN_LIMIT_S = 5;

    /** How many groups each name had so far; bounded by the number of names that the program uses. */
    private static final ConcurrentHashMap<String, AtomicInteger> GROUPS_BY_NAME = new ConcurrentHashMap<>();

    private final IoBackend backend;
    private final int size;
    private final MultiThreadIoEventLoopGroup loops;
    private final ConnectionPlacement placement;
    private final CompletableFuture<Void> terminated = new CompletableFuture<>();

    /** The open channels of these loops; one that comes after the close is closed at once. */
    private final ChannelGroup channels = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE, true);

    LoopGroup(IoBackend backend, int threads, String name) {
        this(backend, backend.newIoHandlerFactory(), threads, name, ClientLoops.Waiting.ASLEEP);
    }

    /** A group that the threads which call drive; see {@link EventLoops.Builder#callerDriven}. */
    static LoopGroup callerDriven(IoBackend backend, int loops, String name) {
        String refusal = backend.callerDrivenRefusal();
        if (refusal != null) {
            throw new IllegalArgumentException("caller-driven loops on " + backend.lowerCaseName()
                    + ": not possible, since " + refusal + " (expected: epoll or kqueue)");
        }
        requireValid(loops, name);
        return new LoopGroup(
                backend, loops, new CallerDrivenLoops(loops, threadFactory(name), backend.newIoHandlerFactory()));
    }

    /** A group whose handlers come from {@code handlerFactory}, which is of {@code backend} or wraps one that is. */
    LoopGroup(
            IoBackend backend, IoHandlerFactory handlerFactory, int threads, String name, ClientLoops.Waiting waiting) {
        this(backend, threads, loops(handlerFactory, threads, name, waiting));
    }

    private LoopGroup(IoBackend backend, int size, MultiThreadIoEventLoopGroup loops) {
        this.backend = backend;
        this.size = size;
        this.loops = loops;
        this.placement = new ConnectionPlacement(loops);
    }

    private static MultiThreadIoEventLoopGroup loops(
            IoHandlerFactory handlerFactory, int threads, String name, ClientLoops.Waiting waiting) {
        requireValid(threads, name);
        return new ClientLoops(threads, threadFactory(name), handlerFactory, waiting);
    }

    private static void requireValid(int threads, String name) {
        if (threads < 1 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("threads: " + threads + " (expected: 1.." + MAX_THREADS + ")");
        }
        if (name.isBlank()) {
            throw new IllegalArgumentException("name: blank (expected: what thread names begin with)");
        }
    }

    /** Threads of Netty's own kind: its thread-local caches and object pools are fast on no other. */
    private static ThreadFactory threadFactory(String name) {
        int group =
                GROUPS_BY_NAME.computeIfAbsent(name, key -> new AtomicInteger()).incrementAndGet();
        AtomicInteger index = new AtomicInteger();
        return task -> {
            Thread thread = new FastThreadLocalThread(task, name + '-' + group + '-' + index.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    EventLoop next() {
        return loops.next();
    }

    EventLoop place(Channel channel) {
        return placement.place(channel);
    }

    IoBackend backend() {
        return backend;
    }

    int size() {
        return size;
    }

    void track(Channel channel) {
        channels.add(channel);
    }

    /**
     * Closes the channels first: a loop that is told to shut down between its poll and its tasks ends without a look
     * at its channels, which then stay open and never hear of it.
     */
    void shutdown() {
        channels.close()
                .addListener(channelsClosed -> loops.shutdownGracefully(0, SHUTDOWN_LIMIT_S, TimeUnit.SECONDS)
                        .addListener(loopsEnded -> terminated.complete(null)));
    }

    CompletionStage<Void> terminated() {
        return terminated.minimalCompletionStage();
    }
}
