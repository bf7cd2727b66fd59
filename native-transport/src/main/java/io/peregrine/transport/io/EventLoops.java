package io.peregrine.transport.io;

import static java.util.Objects.requireNonNull;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A handle onto a group of event loops. Each loop is one daemon thread, started when it gets its first task and
 * named {@code <name>-<group>-<index>}, for example {@code peregrine-epoll-1-1}; a connection lives on one loop from
 * birth to death.
 *
 * <p>{@link #shared()} hands out handles onto one default group that all users in the process have in common and
 * that lives while at least one handle is open, and a second longer: who closes one channel and makes the next finds
 * its threads running. {@link #builder()} and {@link #create(int)} make a group that belongs
 * to the caller alone.
 *
 * <p>All methods may be called from any thread. {@link #close()} closes the connections that still live on the loops
 * when it ends the group, so users close their connections first.
 */
public final class EventLoops implements AutoCloseable {
    /**
     * How long the default group waits for a next handle after its last one was closed. Threads and their epoll
     * instances cost a new channel more than its connection does.
     */
    private static final long LINGER_S = 1;

    private static final Object SHARED_LOCK = new Object();

    // Guarded by SHARED_LOCK. A group without handles lingers; the number of the linger tells it from a later one.
    private static @Nullable LoopGroup sharedGroup;
    private static int sharedHandles;
    private static long lingers;

    private final LoopGroup group;
    private final boolean shared;
    private final AtomicBoolean closed = new AtomicBoolean();

    private EventLoops(LoopGroup group, boolean shared) {
        this.group = group;
        this.shared = shared;
    }

    /**
     * Returns a new handle onto the default group: {@link IoBackend#best()}, one thread for each available processor.
     * The first handle creates the group. A second after the last one was closed the group is shut down, unless there
     * is another handle by then; after that the next one creates it afresh.
     *
     * @throws IllegalArgumentException see {@link IoBackend#selection()}
     * @throws IllegalStateException see {@link IoBackend#selection()}
     */
    public static EventLoops shared() {
        synchronized (SHARED_LOCK) {
            LoopGroup group = sharedGroup;
            if (group == null) {
                IoBackend backend = IoBackend.best();
                group = new LoopGroup(backend, Runtime.getRuntime().availableProcessors(), defaultName(backend));
                sharedGroup = group;
            }
            sharedHandles++;
            return new EventLoops(group, true);
        }
    }

    /**
     * Returns a group of its own on {@link IoBackend#best()}.
     *
     * @param threads how many loops, 1..{@value LoopGroup#MAX_THREADS}
     * @throws IllegalArgumentException if {@code threads} is out of range
     */
    public static EventLoops create(int threads) {
        return builder().threads(threads).build();
    }

    /**
     * Returns a group of its own.
     *
     * @param backend what drives the sockets
     * @param threads how many loops, 1..{@value LoopGroup#MAX_THREADS}
     * @param name what the names of the threads begin with; not blank
     * @throws IllegalArgumentException if {@code threads} is out of range or {@code name} is blank
     * @throws IllegalStateException if the backend is not available; the message says why
     */
    public static EventLoops create(IoBackend backend, int threads, String name) {
        return builder().backend(backend).threads(threads).name(name).build();
    }

    /** Starts to describe a group of its own. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the next loop, round robin over the group: for tasks and timers. A connection asks {@link #place}.
     *
     * @throws IllegalStateException if this handle is closed
     */
    public EventLoop next() {
        requireOpen();
        return group.next();
    }

    /**
     * Returns the loop for {@code channel}, which is about to be registered: the one with the fewest open connections
     * of all handles onto the group, and in turn where several have as few. The channel counts until it is closed.
     *
     * @throws IllegalStateException if this handle is closed
     */
    public EventLoop place(Channel channel) {
        requireOpen();
        return group.place(channel);
    }

    private void requireOpen() {
        if (closed.get()) {
            throw new IllegalStateException("event loops: closed (expected: an open handle)");
        }
    }

    /**
     * Lets {@code channel}, which is registered with one of these loops, be closed before they end, so that what it
     * carries is told. Who opens a channel on a loop calls this once it is registered.
     */
    public void track(Channel channel) {
        group.track(channel);
    }

    /** Returns what drives the sockets of this group. */
    public IoBackend backend() {
        return group.backend();
    }

    /** Returns the number of loops in the group. */
    public int size() {
        return group.size();
    }

    /**
     * Closes this handle; the group ends with its last handle. Returns at once, see {@link #closeFuture()}. A second
     * call has no effect.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        if (!shared) {
            group.shutdown();
            return;
        }
        synchronized (SHARED_LOCK) {
            sharedHandles--;
            if (sharedHandles == 0) {
                long linger = ++lingers;
                Future<?> unused = group.next().schedule(() -> endLinger(group, linger), LINGER_S, TimeUnit.SECONDS);
            }
        }
    }

    private static void endLinger(LoopGroup group, long linger) {
        synchronized (SHARED_LOCK) {
            if (sharedHandles > 0 || linger != lingers) {
                return;
            }
            sharedGroup = null;
        }
        group.shutdown();
    }

    /**
     * Returns a stage that completes when the group behind this handle has run its last task; its threads then end by
     * themselves. For a shared group that is a second after the <em>last</em> handle was closed, not this one. It
     * never completes exceptionally.
     */
    public CompletionStage<Void> closeFuture() {
        return group.terminated();
    }

    private static String defaultName(IoBackend backend) {
        return "peregrine-" + backend.lowerCaseName();
    }

    /** Describes a group that belongs to the caller alone; {@link #build()} checks and makes it. Not thread-safe. */
    public static final class Builder {
        private static final long MIN_SPIN_NS = 1_000;
        private static final int MAX_SPIN_MS = 10;

        private @Nullable IoBackend backend;
        private @Nullable String name;
        private int threads = Runtime.getRuntime().availableProcessors();
        private boolean busyPoll;
        private boolean callerDriven;
        private long spinNs;

        private Builder() {}

        /** What drives the sockets. Default: {@link IoBackend#best()}. */
        public Builder backend(IoBackend newBackend) {
            backend = requireNonNull(newBackend, "backend");
            return this;
        }

        /**
         * How many loops, 1..{@value LoopGroup#MAX_THREADS}. Default: the available processors. A connection uses one
         * loop, so that more loops than connections are idle.
         */
        public Builder threads(int newThreads) {
            threads = newThreads;
            return this;
        }

        /** What the names of the threads begin with; not blank. Default: {@code peregrine-<backend>}. */
        public Builder name(String newName) {
            name = requireNonNull(newName, "name");
            return this;
        }

        /**
         * Whether a loop asks for I/O without pause while it has a connection, instead of sleeping in the kernel until
         * there is some. Default false.
         *
         * <p>It saves the wake-up of the thread on every response and on every call that another thread makes, and
         * costs one processor for each loop that has a connection, whether calls are made or not; a loop without
         * connections sleeps. Use it where the machine has processors to spare for every such loop (best: isolated
         * ones), with as few threads as connections, and never on as many threads as there are processors: loops that
         * compete for a processor with the threads that call are slower than loops that sleep.
         */
        public Builder busyPoll(boolean on) {
            busyPoll = on;
            return this;
        }

        /**
         * Whether the threads that wait for calls run the loops themselves. Default false.
         *
         * <p>A thread that makes a blocking call then writes its request, asks for I/O and reads the response itself,
         * and no other thread takes part: two system calls fewer and no hand-off, which is most of the latency of a
         * small call. While several threads wait on one loop, one of them drives and the others are told; while
         * nobody calls, a guard thread of the loop, one for each, keeps the connections alive. {@link #threads} is
         * the number of loops, and best 1 for each connection that is to be driven by itself.
         *
         * <p>Use it for few threads with one blocking call or stream each, where latency counts first. Do not use it
         * for asynchronous calls, which find a loop that is asleep as often as not and whose callbacks may be a
         * millisecond late after a blocking call has left the loop; nor for many connections on one loop; nor for
         * virtual threads, which never drive, because they would block their carrier in the kernel.
         *
         * <p>Callbacks of other calls run on whatever thread drives: as on any event loop they must not block, and
         * they may find locks held that this thread took before it called. A blocking call from within such a callback
         * is refused, as it is on any event loop.
         *
         * <p>Works with epoll and kqueue.
         */
        public Builder callerDriven(boolean on) {
            callerDriven = on;
            return this;
        }

        /**
         * For how long a loop with a connection asks for I/O without pause before it sleeps in the kernel: 0, or 1 us
         * to {@value #MAX_SPIN_MS} ms. Default 0. It is the middle between sleeping at once and {@link #busyPoll}, which
         * makes it meaningless.
         *
         * <p>A response, or a call of another thread, that comes within that time finds the loop awake and costs no
         * wake-up. A loop learns whether that happens: where fewer than half of the spins see something come, it stops,
         * and asks again at one wait in 128.
         *
         * <p>Set it, to about the time of a round trip, where processors are to spare: more of them than busy loops and
         * busy threads that call, and more than two. Where there are fewer, the spin takes the processor from the very
         * thread whose work it waits for.
         */
        public Builder spin(Duration limit) {
            long newSpinNs = limit.toNanos();
            if (newSpinNs != 0 && (newSpinNs < MIN_SPIN_NS || newSpinNs > MAX_SPIN_MS * 1_000_000L)) {
                throw new IllegalArgumentException(
                        "spin: " + limit + " (expected: PT0S, or 1 us.." + MAX_SPIN_MS + " ms)");
            }
            spinNs = newSpinNs;
            return this;
        }

        /**
         * Makes the group; its threads start with their first task.
         *
         * @throws IllegalArgumentException if the threads are out of range, the name is blank, the loops are to be
         *     caller-driven and the backend cannot be, or they are to poll busily or to spin too, or as for {@link
         *     IoBackend#selection()}
         * @throws IllegalStateException if the backend is not available; the message says why
         */
        public EventLoops build() {
            IoBackend used = backend == null ? IoBackend.best() : backend;
            String prefix = name == null ? defaultName(used) : name;
            if (callerDriven) {
                if (busyPoll || spinNs > 0) {
                    throw new IllegalArgumentException(
                            "loops that are caller-driven and poll busily or spin (expected: one of these)");
                }
                return new EventLoops(LoopGroup.callerDriven(used, threads, prefix), false);
            }
            ClientLoops.Waiting waiting = new ClientLoops.Waiting(busyPoll, busyPoll ? 0 : spinNs);
            return new EventLoops(new LoopGroup(used, used.newIoHandlerFactory(), threads, prefix, waiting), false);
        }
    }
}
