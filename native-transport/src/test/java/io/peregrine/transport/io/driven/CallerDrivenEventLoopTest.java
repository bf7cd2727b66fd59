package io.peregrine.transport.io.driven;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.internal.ThreadExecutorMap;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CallerDrivenEventLoopTest {
    private final List<ScriptedIoHandler> handlers = new ArrayList<>();
    private final CallerDrivenLoops group = group(TimeUnit.HOURS.toNanos(1));
    private final CallerDrivenEventLoop loop = (CallerDrivenEventLoop) group.next();
    private final CallerDrivenEventLoop otherLoop = (CallerDrivenEventLoop) group.next();
    private final ScriptedIoHandler io = handlers.get(0);
    private final List<Caller> callers = new ArrayList<>();

    @AfterEach
    void endsWithNobodyLeft() throws Exception {
        shutDown(group);
        assertThat(group.terminationFuture().await(20, TimeUnit.SECONDS)).isTrue();
        for (Caller caller : callers) {
            caller.join(TimeUnit.SECONDS.toMillis(20));
            assertThat(caller.isAlive()).as(caller.getName()).isFalse();
        }
        assertThat(io.isDestroyed()).isTrue();
    }

    // ---- One caller ------------------------------------------------------------------------------------------

    @Test
    void aCallerRunsItsOwnTasksAndEventsAndWakesNobody() {
        Latch over = new Latch();
        AtomicReference<Thread> ranTask = new AtomicReference<>();
        AtomicReference<Thread> ranEvent = new AtomicReference<>();
        CallerWait wait = CallerWait.begin();

        loop.execute(() -> ranTask.set(Thread.currentThread()));
        io.event(() -> {
            ranEvent.set(Thread.currentThread());
            over.open();
        });
        CallerWait.End end = wait.await(over, CallerWait.FOREVER);
        wait.end();

        assertThat(end).isEqualTo(CallerWait.End.OVER);
        assertThat(ranTask).hasValue(Thread.currentThread());
        assertThat(ranEvent).hasValue(Thread.currentThread());
        assertThat(loop.inEventLoop()).isFalse();
    }

    @Test
    void theThreadThatDrivesIsInTheLoopAndKnownAsSuch() {
        Latch over = new Latch();
        CallerWait wait = CallerWait.begin();
        CompletableFuture<Object> seen = new CompletableFuture<>();

        loop.execute(() -> {
            assertThat(loop.inEventLoop()).isTrue();
            seen.complete(ThreadExecutorMap.currentExecutor());
            over.open();
        });
        wait.await(over, CallerWait.FOREVER);
        wait.end();

        assertThat(seen).isCompletedWithValue(loop);
        assertThat(ThreadExecutorMap.currentExecutor()).isNull();
    }

    /** The wake-up comes when the driver has looked at its condition and the handler does not take any yet. */
    @Test
    void aWaitThatAnotherThreadEndsRightBeforeTheKernelIsOver() {
        CallerWait wait = CallerWait.begin();
        AtomicBoolean ended = new AtomicBoolean();
        AtomicBoolean asked = new AtomicBoolean();
        CallerWait.Condition condition = () -> {
            if (loop.inEventLoop() && asked.compareAndSet(false, true)) {
                Thread other = new Thread(() -> {
                    ended.set(true);
                    wait.signal();
                });
                other.start();
                joinUninterruptibly(other);
                return false;
            }
            return ended.get();
        };
        loop.execute(() -> {});

        long giveUpNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        CallerWait.End end = wait.await(condition, giveUpNs);
        wait.end();

        assertThat(end).isEqualTo(CallerWait.End.OVER);
        assertThat(System.nanoTime()).as("woken before it would have given up").isLessThan(giveUpNs);
        assertThat(asked).isTrue();
    }

    private static void joinUninterruptibly(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException unexpected) {
            throw new AssertionError(unexpected);
        }
    }

    @Test
    void whatACallerHandedInIsRunEvenIfItNeverWaits() {
        AtomicReference<Thread> ran = new AtomicReference<>();
        CallerWait wait = CallerWait.begin();
        loop.execute(() -> ran.set(Thread.currentThread()));
        assertThat(ran).hasNullValue();

        wait.end();

        assertThat(ran).hasValue(Thread.currentThread());
    }

    @Test
    void aCallerOfTwoLoopsDrivesTheLastOneAndTheGuardTheOther() throws Exception {
        Latch over = new Latch();
        CompletableFuture<Thread> ranElsewhere = new CompletableFuture<>();
        CallerWait wait = CallerWait.begin();

        otherLoop.execute(() -> ranElsewhere.complete(Thread.currentThread()));
        loop.execute(over::open);
        wait.await(over, CallerWait.FOREVER);
        wait.end();

        assertThat(ranElsewhere.get(20, TimeUnit.SECONDS).getName()).startsWith("guard");
    }

    @Test
    void whatACallbackHandsToAnotherLoopIsNotTheDriversDebt() throws Exception {
        Latch over = new Latch();
        CallerWait wait = CallerWait.begin();
        loop.execute(() -> otherLoop.execute(() -> {
            over.open();
            wait.signal();
        }));

        CallerWait.End end = wait.await(over, CallerWait.FOREVER);
        wait.end();

        assertThat(end).isEqualTo(CallerWait.End.OVER);
    }

    @Test
    void anInterruptEndsTheWaitInTheKernel() throws Exception {
        Caller caller = caller(new Latch(), CallerWait.FOREVER);
        io.awaitWaits(1);

        caller.interrupt();

        assertThat(caller.end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.INTERRUPTED);
    }

    @Test
    void anInterruptFromBeforeIsSeenToo() {
        CallerWait wait = CallerWait.begin();
        loop.execute(() -> {});
        Thread.currentThread().interrupt();

        CallerWait.End end = wait.await(new Latch(), CallerWait.FOREVER);
        wait.end();

        assertThat(end).isEqualTo(CallerWait.End.INTERRUPTED);
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void aDriverGivesUpInTime() throws Exception {
        Caller caller = caller(new Latch(), System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20));

        assertThat(caller.end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.LATE);
    }

    @Test
    void timersOfTheLoopPassWhileACallerDrives() {
        Latch over = new Latch();
        CallerWait wait = CallerWait.begin();
        loop.execute(() -> {
            Future<?> unused = loop.schedule(over::open, 5, TimeUnit.MILLISECONDS);
        });

        CallerWait.End end = wait.await(over, CallerWait.FOREVER);
        wait.end();

        assertThat(end).isEqualTo(CallerWait.End.OVER);
    }

    @Test
    void aTaskThatThrowsDoesNotLoseTheBaton() {
        Latch over = new Latch();
        CallerWait wait = CallerWait.begin();
        loop.execute(() -> {
            throw new IllegalStateException("a callback that fails");
        });
        loop.execute(over::open);
        wait.await(over, CallerWait.FOREVER);
        wait.end();

        assertThat(loop.isFree()).isTrue();
    }

    @Test
    void anErrorOfAnEventDoesNotLoseTheBaton() {
        Latch over = new Latch();
        CallerWait wait = CallerWait.begin();
        loop.execute(() -> io.event(() -> {
            io.event(over::open);
            throw new AssertionError("as a callback in the handler");
        }));

        CallerWait.End end = wait.await(over, CallerWait.FOREVER);
        wait.end();

        assertThat(end).isEqualTo(CallerWait.End.OVER);
        assertThat(loop.isFree()).isTrue();
    }

    // ---- Several callers -------------------------------------------------------------------------------------

    @Test
    void theBatonGoesRoundInTheOrderOfComing() throws Exception {
        List<String> drivers = new ArrayList<>();
        Latch[] over = {new Latch(), new Latch(), new Latch()};
        for (int i = 0; i < 3; i++) {
            Caller next = caller(over[i], CallerWait.FOREVER);
            if (i == 0) {
                io.awaitWaits(1);
            } else {
                awaitParked(next);
            }
        }

        for (int i = 0; i < 3; i++) {
            Latch mine = over[i];
            CountDownLatch ran = new CountDownLatch(1);
            io.event(() -> {
                drivers.add(Thread.currentThread().getName());
                mine.open();
                ran.countDown();
            });
            assertThat(ran.await(20, TimeUnit.SECONDS)).isTrue();
        }

        for (Caller caller : callers) {
            assertThat(caller.end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.OVER);
        }
        assertThat(drivers).containsExactly("caller-0", "caller-1", "caller-2");
    }

    @Test
    void aCallerWhoseWaitEndsWithTheDriversIsNotPassedTheBaton() throws Exception {
        Latch[] over = {new Latch(), new Latch(), new Latch()};
        Caller first = caller(over[0], CallerWait.FOREVER);
        io.awaitWaits(1);
        Caller second = caller(over[1], CallerWait.FOREVER);
        awaitParked(second);
        Caller third = caller(over[2], CallerWait.FOREVER);
        awaitParked(third);

        io.event(() -> {
            over[1].open();
            second.signal();
            over[0].open();
        });
        first.end.get(20, TimeUnit.SECONDS);
        second.end.get(20, TimeUnit.SECONDS);
        CompletableFuture<Thread> driver = new CompletableFuture<>();
        io.event(() -> {
            driver.complete(Thread.currentThread());
            over[2].open();
        });

        assertThat(driver.get(20, TimeUnit.SECONDS)).isSameAs(third);
        third.end.get(20, TimeUnit.SECONDS);
        assertThat(second.drove).isFalse();
    }

    @Test
    void aCallerThatIsInterruptedInTheLineLeavesIt() throws Exception {
        Latch over = new Latch();
        caller(over, CallerWait.FOREVER);
        io.awaitWaits(1);
        Caller second = caller(new Latch(), CallerWait.FOREVER);
        awaitParked(second);

        second.interrupt();

        assertThat(second.end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.INTERRUPTED);
        io.event(over::open);
        assertThat(callers.get(0).end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.OVER);
    }

    @Test
    void aDriverWhoseWaitIsEndedByAnotherThreadIsWoken() throws Exception {
        Latch over = new Latch();
        Caller caller = caller(over, CallerWait.FOREVER);
        io.awaitWaits(1);

        over.open();
        caller.signal();

        assertThat(caller.end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.OVER);
    }

    // ---- The guard -------------------------------------------------------------------------------------------

    @Test
    void aTaskFromAThreadThatDoesNotWaitIsTheGuards() throws Exception {
        CompletableFuture<Thread> ran = new CompletableFuture<>();

        loop.execute(() -> ran.complete(Thread.currentThread()));

        assertThat(ran.get(20, TimeUnit.SECONDS).getName()).startsWith("guard");
    }

    @Test
    void theGuardTakesOverWhenNobodyCalls() throws Exception {
        CallerDrivenLoops watched = group(Guard.GRACE_NS);
        CallerDrivenEventLoop idle = (CallerDrivenEventLoop) watched.next();
        ScriptedIoHandler events = handlers.get(2);
        callOnce(idle);
        CompletableFuture<Thread> driver = new CompletableFuture<>();

        events.event(() -> driver.complete(Thread.currentThread()));

        assertThat(driver.get(20, TimeUnit.SECONDS).getName()).startsWith("guard");
        shutDown(watched);
        assertThat(watched.terminationFuture().await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void theGuardGivesWayToACaller() throws Exception {
        loop.execute(() -> {});
        io.awaitWaits(1);
        Latch over = new Latch();

        Caller caller = caller(over, CallerWait.FOREVER);
        // Once for the guard's first wait, and again by whoever waits next; the caller at last.
        until(() -> loop.inEventLoop(caller));
        io.event(over::open);

        assertThat(caller.end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.OVER);
        assertThat(caller.drove).isTrue();
    }

    @Test
    void anIdleLoopWakesNobody() throws Exception {
        CallerDrivenLoops watched = group(Guard.GRACE_NS);
        CallerDrivenEventLoop idle = (CallerDrivenEventLoop) watched.next();
        ScriptedIoHandler events = handlers.get(2);
        callOnce(idle);
        until(() -> !idle.isFree());
        events.awaitWaits(1);
        int waits = events.waits();

        // Several graces: who looks periodically would wait anew.
        assertThat(new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS)).isFalse();

        assertThat(events.waits()).isEqualTo(waits);
        assertThat(events.wakeups()).isZero();
        shutDown(watched);
        assertThat(watched.terminationFuture().await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void theGuardSleepsWhileOneCallerDrivesAndIsThereAfterwards() throws Exception {
        CallerDrivenLoops watched = group(Guard.GRACE_NS);
        CallerDrivenEventLoop driven = (CallerDrivenEventLoop) watched.next();
        ScriptedIoHandler events = handlers.get(2);
        Latch over = new Latch();
        CallerWait wait = CallerWait.begin();
        driven.execute(() -> {});
        CompletableFuture<Void> opened = CompletableFuture.runAsync(
                () -> events.event(over::open), CompletableFuture.delayedExecutor(20, TimeUnit.MILLISECONDS));
        wait.await(over, CallerWait.FOREVER);
        wait.end();
        opened.get(20, TimeUnit.SECONDS);

        CompletableFuture<Thread> driver = new CompletableFuture<>();
        events.event(() -> driver.complete(Thread.currentThread()));

        assertThat(driver.get(20, TimeUnit.SECONDS).getName()).startsWith("guard");
        shutDown(watched);
        assertThat(watched.terminationFuture().await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aVirtualThreadDoesNotDrive() throws Exception {
        Assumptions.assumeTrue(Runtime.version().feature() >= 21, "virtual threads came with JDK 21");
        CompletableFuture<Thread> ran = new CompletableFuture<>();
        CompletableFuture<CallerWait.End> end = new CompletableFuture<>();
        Runnable call = () -> {
            CallerWait wait = CallerWait.begin();
            Latch over = new Latch();
            loop.execute(() -> {
                ran.complete(Thread.currentThread());
                over.open();
                wait.signal();
            });
            end.complete(wait.await(over, CallerWait.FOREVER));
            wait.end();
        };

        Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, call);

        assertThat(end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.OVER);
        assertThat(ran.get().getName()).startsWith("guard");
    }

    // ---- The end ---------------------------------------------------------------------------------------------

    @Test
    void aShutdownTakesTheBatonFromADriverWhoseWaitGoesOn() throws Exception {
        Latch over = new Latch();
        Caller driver = caller(over, CallerWait.FOREVER);
        io.awaitWaits(1);
        Caller waiting = caller(over, CallerWait.FOREVER);
        awaitParked(waiting);

        shutDown(loop);

        assertThat(loop.terminationFuture().await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(io.isDestroyed()).isTrue();
        over.open();
        driver.signal();
        waiting.signal();
        assertThat(driver.end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.OVER);
        assertThat(waiting.end.get(20, TimeUnit.SECONDS)).isEqualTo(CallerWait.End.OVER);
    }

    @Test
    void aLoopThatIsShutDownRefusesTasks() throws Exception {
        shutDown(loop);
        assertThat(loop.terminationFuture().await(20, TimeUnit.SECONDS)).isTrue();

        assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> loop.execute(() -> {}));
        assertThat(loop.isShutdown()).isTrue();
        assertThat(loop.isTerminated()).isTrue();
    }

    @Test
    void whatWasHandedInBeforeTheShutdownIsRun() throws Exception {
        CountDownLatch ran = new CountDownLatch(100);
        for (int i = 0; i < 100; i++) {
            loop.execute(ran::countDown);
        }

        shutDown(loop);

        assertThat(ran.await(20, TimeUnit.SECONDS)).isTrue();
    }

    // ---- ------------------------------------------------------------------------------------------------------

    private CallerDrivenLoops group(long graceNs) {
        return new CallerDrivenLoops(
                2,
                CallerDrivenEventLoopTest::guardThread,
                executor -> {
                    handlers.add(new ScriptedIoHandler(executor));
                    return handlers.get(handlers.size() - 1);
                },
                graceNs);
    }

    private static void callOnce(CallerDrivenEventLoop loop) {
        Latch over = new Latch();
        CallerWait wait = CallerWait.begin();
        loop.execute(over::open);
        wait.await(over, CallerWait.FOREVER);
        wait.end();
    }

    private Caller caller(Latch over, long giveUpNs) {
        Caller caller = new Caller("caller-" + callers.size(), over, giveUpNs);
        callers.add(caller);
        caller.start();
        return caller;
    }

    private static void shutDown(EventExecutorGroup loops) {
        Future<?> unused = loops.shutdownGracefully(0, 5, TimeUnit.SECONDS);
    }

    private static void awaitParked(Thread thread) {
        until(() -> thread.getState() == Thread.State.WAITING);
    }

    private static void until(BooleanSupplier condition) {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadlineNs);
            Thread.onSpinWait();
        }
    }

    private static Thread guardThread(Runnable task) {
        Thread thread = new Thread(task, "guard");
        thread.setDaemon(true);
        return thread;
    }

    /** A condition that a test makes true. */
    private static final class Latch implements CallerWait.Condition {
        private volatile boolean over;

        void open() {
            over = true;
        }

        @Override
        public boolean isOver() {
            return over;
        }
    }

    /** A thread that makes a call and waits. */
    private final class Caller extends Thread {
        private final Latch over;
        private final long giveUpNs;
        private final CompletableFuture<CallerWait.End> end = new CompletableFuture<>();
        private final CompletableFuture<CallerWait> wait = new CompletableFuture<>();
        private volatile boolean drove;

        Caller(String name, Latch over, long giveUpNs) {
            super(name);
            this.over = over;
            this.giveUpNs = giveUpNs;
            setDaemon(true);
        }

        @Override
        public void run() {
            CallerWait mine = CallerWait.begin();
            wait.complete(mine);
            loop.execute(() -> {});
            CallerWait.End ended = mine.await(this::isOver, giveUpNs);
            mine.end();
            end.complete(ended);
        }

        private boolean isOver() {
            drove |= loop.inEventLoop();
            return over.isOver();
        }

        void signal() {
            wait.join().signal();
        }
    }
}
