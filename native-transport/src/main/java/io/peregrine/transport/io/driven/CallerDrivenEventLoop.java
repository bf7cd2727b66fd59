package io.peregrine.transport.io.driven;

import static java.util.Objects.requireNonNull;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.Promise;
import io.netty.util.internal.ThreadExecutorMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * An event loop without a thread of its own. A thread that waits for a call takes the loop's {@linkplain BatonState
 * baton}, asks for I/O and runs the tasks itself until its call is over, and then passes the baton to the next thread
 * that waits, in the order of their coming, or lays it down. While nobody calls, the loop's {@link Guard} has it.
 *
 * <p>{@link #inEventLoop} is true for the thread that has the baton, so that everything which belongs to one event loop
 * belongs to the baton. A thread that waits comes here through {@link CallerWait} and in no other way.
 *
 * <p>No task is left behind. Who offers one looks at the baton afterwards: if it is taken, its holder is woken if it
 * sleeps in the kernel; if it is free, the guard is, unless the thread is about to take the baton itself. Who lays the
 * baton down looks at the tasks afterwards. So one of the two sees the other.
 *
 * <p>The handler must let its threads change, must look at {@link IoHandlerContext#canBlock} after it began to take
 * wake-ups, and must not swallow interrupts: epoll and kqueue do so.
 */
public final class CallerDrivenEventLoop extends AbstractScheduledEventExecutor implements IoEventLoop {
    /** So many tasks, then the sockets have a turn. */
    private static final int MAX_TASKS_PER_TURN = 4096;

    /** So often a leaving caller runs what came in while it left, before it leaves that to the guard. */
    private static final int MAX_LEAVING_ROUNDS = 3;

    private static final int TASK_CHUNK = 256;
    private static final long FAULT_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final System.Logger LOG = System.getLogger(CallerDrivenEventLoop.class.getName());

    private static final int STARTED = 0;
    private static final int SHUTTING_DOWN = 1;
    private static final int SHUT_DOWN = 2;
    private static final int TERMINATED = 3;

    private final IoEventLoopGroup parent;
    private final IoHandler handler;
    private final Guard guard;
    private final Baton baton = new Baton();
    private final MpscUnboundedAtomicArrayQueue<Runnable> tasks = new MpscUnboundedAtomicArrayQueue<>(TASK_CHUNK);
    private final Promise<Void> terminationFuture = new DefaultPromise<>(GlobalEventExecutor.INSTANCE);
    private final InterruptWakeup interruptWakeup;

    /** How often callers took the baton. Written by its holder, released; the guard reads it, acquired, as a hint. */
    private final AtomicLong drives = new AtomicLong();

    /** Moves upwards only: from STARTED by any thread, further by the guard. */
    private volatile int life = STARTED;

    private volatile long quietPeriodNs;
    private volatile long shutdownTimeoutNs;

    // Of who holds the baton.
    private final WaitingLine line = new WaitingLine();
    private final Map<Class<?>, Object> locals = new HashMap<>();
    private final WaitContext context = new WaitContext();
    private boolean initialized;
    private boolean othersWoken;

    /**
     * A loop whose guard runs on {@code executor}, which gives it a thread of its own when the first task comes.
     *
     * @param handlerFactory whose handlers are as the class demands
     * @param graceNs see {@link Guard#GRACE_NS}
     */
    CallerDrivenEventLoop(IoEventLoopGroup parent, Executor executor, IoHandlerFactory handlerFactory, long graceNs) {
        super(parent);
        this.parent = parent;
        this.handler = handlerFactory.newHandler(this);
        this.guard = new Guard(this, executor, graceNs);
        this.interruptWakeup = new InterruptWakeup(handler::wakeup);
    }

    /** Something of which each loop has one, made when it is first asked for. On the loop. */
    public <T> T local(Class<T> type, Function<? super CallerDrivenEventLoop, ? extends T> maker) {
        assert inEventLoop();
        Object known = locals.get(type);
        if (known == null) {
            known = maker.apply(this);
            locals.put(type, known);
        }
        return type.cast(known);
    }

    // ---- Callers, through CallerWait -------------------------------------------------------------------------

    /** Takes the baton for the calling thread, unless somebody has it or the loop is shutting down. */
    boolean tryTake(Thread caller) {
        if (life != STARTED || !baton.tryTake(caller)) {
            return false;
        }
        drives.setRelease(drives.getPlain() + 1);
        return true;
    }

    /** Runs the loop until the wait is over, the time has come, or the thread is interrupted; then leaves. */
    void drive(CallerWait.Condition condition, long giveUpNs) {
        assert inEventLoop();
        EventExecutor outer = ThreadExecutorMap.setCurrentExecutor(this);
        try {
            context.condition = condition;
            context.giveUpNs = giveUpNs;
            letOthersIn();
            runTasks();
            while (!condition.isOver() && life == STARTED && !isInterruptedOrLate(giveUpNs)) {
                awaitIo();
                runTasks();
                if (othersWoken && !condition.isOver()) {
                    letOthersIn();
                    runTasks();
                }
            }
        } finally {
            context.condition = null;
            context.giveUpNs = CallerWait.FOREVER;
            leave();
            ThreadExecutorMap.setCurrentExecutor(outer);
        }
    }

    /** Runs what has been handed in, and leaves. */
    void runOnce() {
        assert inEventLoop();
        EventExecutor outer = ThreadExecutorMap.setCurrentExecutor(this);
        try {
            leave();
        } finally {
            ThreadExecutorMap.setCurrentExecutor(outer);
        }
    }

    private static boolean isInterruptedOrLate(long giveUpNs) {
        return Thread.currentThread().isInterrupted()
                || (giveUpNs != CallerWait.FOREVER && giveUpNs - System.nanoTime() <= 0);
    }

    /** Adds a place to the line, soon. */
    void line(Place place) {
        tasks.offer(place);
        // A caller looks at the tasks before it leaves; the guard would sleep on.
        if (baton.isGuarded()) {
            handler.wakeup();
        }
    }

    /** Lets the line forget a place whose thread has left, some time. */
    void unline(Place place) {
        tasks.offer(place);
    }

    WaitingLine line() {
        assert inEventLoop();
        return line;
    }

    /** The current thread, which has the baton, has ended the wait of another one. */
    void onCallerDone(@Nullable Place place) {
        assert inEventLoop();
        othersWoken = true;
        if (place != null && place.loop() == this) {
            place.dismiss();
        }
    }

    boolean isFree() {
        return baton.isFree();
    }

    /** Wakes who has the baton, if it sleeps in the kernel. */
    void wakeup() {
        handler.wakeup();
    }

    /** Whether somebody waits for the guard to take the baton; for tests of races. */
    boolean isGuardAsked() {
        return guard.isAsked();
    }

    void wakeGuard() {
        guard.wake();
    }

    // ---- Who holds the baton ---------------------------------------------------------------------------------

    /**
     * Threads whose waits have ended are about to call again, and what they send leaves in one write: where they wait
     * for this processor, they go first. Where they have others, this costs a system call that does nothing.
     */
    @SuppressWarnings("ThreadPriorityCheck") // a matter of speed: nothing is waited for
    private void letOthersIn() {
        if (othersWoken) {
            othersWoken = false;
            Thread.yield();
        }
    }

    private void awaitIo() {
        interruptWakeup.enter();
        try {
            runIo();
        } finally {
            interruptWakeup.exit();
        }
    }

    private void runIo() {
        if (!initialized) {
            initialized = true;
            handler.initialize();
        }
        try {
            handler.run(context);
        } catch (RuntimeException | Error fault) {
            // Of some channel's handler, and no reason to leave the others without a loop; nor to spin.
            LOG.log(System.Logger.Level.WARNING, "an I/O event of a caller-driven loop failed", fault);
            LockSupport.parkNanos(this, FAULT_PAUSE_NS);
        }
    }

    /** Runs what is due, up to a limit; the number of tasks. */
    private int runTasks() {
        fetchFromScheduledTaskQueue(tasks);
        int run = 0;
        while (run < MAX_TASKS_PER_TURN) {
            Runnable task = tasks.poll();
            if (task == null) {
                break;
            }
            safeExecute(task);
            run++;
        }
        return run;
    }

    /**
     * Gives up the baton, which the calling thread has: to the next thread in the line, or to nobody. What was handed in
     * has been run by then, or somebody else is there to do it.
     */
    private void leave() {
        for (int round = 0; round < MAX_LEAVING_ROUNDS; round++) {
            runTasks();
            if (passOn()) {
                return;
            }
            baton.release();
            if (tasks.isEmpty() && life == STARTED) {
                guard.onBatonFree();
                return;
            }
            if (!tryTake(Thread.currentThread())) {
                break;
            }
        }
        if (inEventLoop()) {
            baton.release();
        }
        if (baton.isFree()) {
            guard.wake();
        }
    }

    private boolean passOn() {
        if (life != STARTED) {
            return false;
        }
        for (Place place = line.poll(); place != null; place = line.poll()) {
            if (place.tryGrant()) {
                Thread next = place.caller();
                drives.setRelease(drives.getPlain() + 1);
                baton.pass(next);
                LockSupport.unpark(next);
                return true;
            }
        }
        return false;
    }

    // ---- The guard -------------------------------------------------------------------------------------------

    /** How often callers had the baton so far. */
    long drives() {
        return drives.getAcquire();
    }

    boolean isHeldByCaller() {
        return baton.isHeldByCaller();
    }

    /** Takes the baton for the guard and runs the loop until a caller waits for it, or to its end; false if it is taken. */
    boolean tryDriveAsGuard() {
        if (!baton.tryTakeAsGuard(Thread.currentThread())) {
            return false;
        }
        EventExecutor outer = ThreadExecutorMap.setCurrentExecutor(this);
        try {
            runTasks();
            while (line.isEmpty() && life == STARTED) {
                // Left by a callback: nobody means the guard, and the handler would not block.
                Thread.interrupted();
                runIo();
                runTasks();
            }
            if (life != STARTED) {
                terminate();
            }
        } finally {
            if (life != TERMINATED) {
                leave();
            }
            ThreadExecutorMap.setCurrentExecutor(outer);
        }
        return true;
    }

    private void terminate() {
        handler.prepareToDestroy();
        runTasksUntilQuiet();
        cancelScheduledTasks();
        life = SHUT_DOWN;
        try {
            while (runTasks() > 0) {
                Thread.onSpinWait();
            }
            handler.prepareToDestroy();
            handler.destroy();
            while (runTasks() > 0) {
                Thread.onSpinWait();
            }
        } finally {
            baton.end();
            life = TERMINATED;
            for (Place place = line.poll(); place != null; place = line.poll()) {
                LockSupport.unpark(place.caller());
            }
            terminationFuture.setSuccess(null);
        }
    }

    private void runTasksUntilQuiet() {
        long startNs = System.nanoTime();
        long quietSinceNs = startNs;
        while (true) {
            boolean ran = runTasks() > 0;
            long nowNs = System.nanoTime();
            if (ran) {
                quietSinceNs = nowNs;
            }
            boolean quiet = !ran && nowNs - quietSinceNs >= quietPeriodNs;
            if (quiet || nowNs - startNs >= shutdownTimeoutNs) {
                return;
            }
            LockSupport.parkNanos(this, ran ? 0 : Guard.GRACE_NS);
        }
    }

    // ---- Executor: any thread --------------------------------------------------------------------------------

    @Override
    public void execute(Runnable task) {
        offer(task);
        if (!inEventLoop()) {
            wakeForTask();
        }
    }

    /** Runs the task with whatever comes next. */
    @Override
    public void lazyExecute(Runnable task) {
        offer(task);
    }

    private void offer(Runnable task) {
        requireNonNull(task, "task");
        if (isShutdown()) {
            throw new RejectedExecutionException("the event loop is shut down");
        }
        tasks.offer(task);
    }

    private void wakeForTask() {
        guard.startOnce();
        boolean owed = CallerWait.tryOwe(this);
        if (!baton.isFree()) {
            handler.wakeup();
        } else if (!owed) {
            guard.wake();
        }
    }

    @Override
    public boolean inEventLoop() {
        return baton.isHeldBy(Thread.currentThread());
    }

    @Override
    public boolean inEventLoop(Thread thread) {
        return baton.isHeldBy(thread);
    }

    // ---- The end: any thread ---------------------------------------------------------------------------------

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        if (quietPeriod < 0 || timeout < quietPeriod) {
            throw new IllegalArgumentException("quiet period: " + quietPeriod + ", timeout: " + timeout
                    + " (expected: 0 <= quiet period <= timeout)");
        }
        quietPeriodNs = unit.toNanos(quietPeriod);
        shutdownTimeoutNs = unit.toNanos(timeout);
        beginShutdown();
        return terminationFuture;
    }

    private void beginShutdown() {
        synchronized (terminationFuture) {
            if (life == STARTED) {
                life = SHUTTING_DOWN;
            }
        }
        guard.startOnce();
        guard.wake();
        handler.wakeup();
    }

    @Override
    @Deprecated
    public void shutdown() {
        beginShutdown();
    }

    @Override
    public Future<?> terminationFuture() {
        return terminationFuture;
    }

    @Override
    public boolean isShuttingDown() {
        return life >= SHUTTING_DOWN;
    }

    @Override
    public boolean isShutdown() {
        return life >= SHUT_DOWN;
    }

    @Override
    public boolean isTerminated() {
        return life == TERMINATED;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return terminationFuture.await(timeout, unit);
    }

    // ---- IoEventLoop -----------------------------------------------------------------------------------------

    @Override
    public IoEventLoop next() {
        return this;
    }

    @Override
    public IoEventLoopGroup parent() {
        return parent;
    }

    @Override
    public Future<IoRegistration> register(IoHandle handle) {
        Promise<IoRegistration> registered = newPromise();
        if (inEventLoop()) {
            register(handle, registered);
        } else {
            execute(() -> register(handle, registered));
        }
        return registered;
    }

    private void register(IoHandle handle, Promise<IoRegistration> registered) {
        try {
            registered.setSuccess(handler.register(handle));
        } catch (Exception refused) {
            registered.setFailure(refused);
        }
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel) {
        return register(new DefaultChannelPromise(channel, this));
    }

    @Override
    @Deprecated
    public ChannelFuture register(ChannelPromise promise) {
        promise.channel().unsafe().register(this, promise);
        return promise;
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        channel.unsafe().register(this, promise);
        return promise;
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return handler.isCompatible(handleType);
    }

    @Override
    public boolean isIoType(Class<? extends IoHandler> handlerType) {
        return handler.getClass().equals(handlerType);
    }

    /** What the handler may do between two turns. A member, not a lambda: its methods reach protected ones. */
    private final class WaitContext implements IoHandlerContext {
        /** When the thread that drives gives up, on the clock of {@link System#nanoTime()}. */
        long giveUpNs = CallerWait.FOREVER;

        /**
         * What that thread waits for, if one drives. Another thread may end the wait, and its wake-up is lost if it
         * comes before the handler takes any: the condition, which it wrote before, is not.
         */
        CallerWait.@Nullable Condition condition;

        /** The handler asks when it takes wake-ups already, so that an interrupt comes before or wakes it. */
        @Override
        public boolean canBlock() {
            CallerWait.Condition awaited = condition;
            return tasks.isEmpty()
                    && !hasScheduledTasks()
                    && life == STARTED
                    && (awaited == null || !awaited.isOver())
                    && !Thread.currentThread().isInterrupted();
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
            long delayNs = CallerDrivenEventLoop.this.delayNanos(currentTimeNanos, Long.MAX_VALUE);
            return giveUpNs == CallerWait.FOREVER
                    ? delayNs
                    : Math.max(0, Math.min(delayNs, giveUpNs - currentTimeNanos));
        }

        @Override
        public long deadlineNanos() {
            long nextTimerNs = nextScheduledTaskDeadlineNanos();
            if (giveUpNs == CallerWait.FOREVER) {
                return nextTimerNs;
            }
            // Netty counts from the birth of its clock.
            long lateNs = giveUpNs - ticker().initialNanoTime();
            return nextTimerNs == -1 ? lateNs : Math.min(nextTimerNs, lateNs);
        }
    }
}
