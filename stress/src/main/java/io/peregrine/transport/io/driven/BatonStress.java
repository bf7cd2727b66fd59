package io.peregrine.transport.io.driven;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;
import org.openjdk.jcstress.infra.results.Z_Result;

/** The baton has one holder, what it wrote goes with it, and nobody who needs a holder is left without one. */
public final class BatonStress {
    private BatonStress() {}

    /** Of no loop: nothing happens, and a wake-up is counted. */
    static final class Silence implements IoHandler {
        final AtomicInteger wakeups = new AtomicInteger();

        @Override
        public int run(IoHandlerContext context) {
            return 0;
        }

        @Override
        public void wakeup() {
            wakeups.incrementAndGet();
        }

        @Override
        public IoRegistration register(IoHandle handle) {
            throw new UnsupportedOperationException("no channel lives here");
        }

        @Override
        public boolean isCompatible(Class<? extends IoHandle> handleType) {
            return false;
        }
    }

    /** A loop whose guard has no thread: what it is asked for shows, and is not done. */
    abstract static class Unguarded {
        final Silence io = new Silence();
        final CallerDrivenEventLoop loop =
                new CallerDrivenEventLoop(null, guard -> {}, executor -> io, Guard.GRACE_NS);

        /** One short drive of the current thread, if it gets the baton. */
        final boolean driveOnce() {
            if (!loop.tryTake(Thread.currentThread())) {
                return false;
            }
            loop.runOnce();
            return true;
        }
    }

    /** Two callers that each add to what belongs to the loop, once they have it. */
    @JCStressTest
    @Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "One after the other, and the second saw the first.")
    @Outcome(expect = FORBIDDEN, desc = "Both at once, or what the first wrote was not seen.")
    @State
    public static class TwoCallers {
        private final Baton baton = new Baton();
        private final AtomicInteger inside = new AtomicInteger();
        private int drives;
        private int overlaps;

        @Actor
        public void first() {
            drive();
        }

        @Actor
        public void second() {
            drive();
        }

        private void drive() {
            while (!baton.tryTake(Thread.currentThread())) {
                Thread.onSpinWait();
            }
            if (inside.getAndIncrement() != 0) {
                overlaps++;
            }
            drives++;
            inside.decrementAndGet();
            baton.release();
        }

        @Arbiter
        public void report(II_Result result) {
            result.r1 = drives;
            result.r2 = overlaps;
        }
    }

    /** A task that comes while a caller leaves: the caller runs it, or the guard is asked to. */
    @JCStressTest
    @Outcome(id = "true", expect = ACCEPTABLE, desc = "Run, or somebody is on the way.")
    @Outcome(expect = FORBIDDEN, desc = "The task lies there and nobody knows.")
    @State
    public static class TaskAgainstLeave extends Unguarded {
        private volatile boolean ran;

        @Actor
        public void submit() {
            loop.execute(() -> ran = true);
        }

        @Actor
        public void drive() {
            driveOnce();
        }

        @Arbiter
        public void report(Z_Result result) {
            result.r1 = (ran || loop.isGuardAsked()) && loop.isFree();
        }
    }

    /** A caller that comes for the baton while another one leaves: it finds it free, or gets it, or the guard is asked. */
    @JCStressTest
    @Outcome(id = "true", expect = ACCEPTABLE, desc = "Somebody is there for it.")
    @Outcome(expect = FORBIDDEN, desc = "It waits in the line for a baton that nobody has.")
    @State
    public static class EnterAgainstLeave extends Unguarded {
        private final Thread waiting = new Thread(() -> {});
        private final Place place = new Place(waiting, loop);
        private boolean sawItFree;

        @Actor
        public void enter() {
            place.enter();
            loop.line(place);
            sawItFree = loop.isFree();
        }

        @Actor
        public void drive() {
            driveOnce();
        }

        @Arbiter
        public void report(Z_Result result) {
            result.r1 = sawItFree || loop.inEventLoop(waiting) || loop.isGuardAsked();
        }
    }

    /** A grant against a waiting thread that leaves the line: one of the two comes first, and both know which. */
    @JCStressTest
    @Outcome(id = "true, false", expect = ACCEPTABLE, desc = "Granted: the thread has to take it.")
    @Outcome(id = "false, true", expect = ACCEPTABLE, desc = "Left: the baton goes to somebody else.")
    @Outcome(expect = FORBIDDEN, desc = "The baton goes to a thread that has left, or to nobody.")
    @State
    public static class GrantAgainstLeave extends Unguarded {
        private final Place place = new Place(new Thread(() -> {}), loop);

        {
            place.enter();
        }

        @Actor
        public void grant(ZZ_Result result) {
            loop.tryTake(Thread.currentThread());
            result.r1 = place.tryGrant();
        }

        @Actor
        public void leave(ZZ_Result result) {
            result.r2 = place.leave();
        }
    }

    /** A driver that is about to wait in the kernel against somebody who ends its wait: it sees it, or is woken. */
    @JCStressTest
    @Outcome(id = "false, false", expect = FORBIDDEN, desc = "It sleeps, and its wait is over.")
    @Outcome(expect = ACCEPTABLE, desc = "It saw the end, or was seen driving.")
    @State
    public static class SignalAgainstTake {
        private final Thread driver = new Thread(() -> {});
        private final Baton baton = new Baton();
        private volatile boolean over;

        @Actor
        public void take(ZZ_Result result) {
            baton.tryTake(driver);
            result.r1 = over;
        }

        @Actor
        public void signal(ZZ_Result result) {
            over = true;
            result.r2 = baton.isHeldBy(driver);
        }
    }
}
