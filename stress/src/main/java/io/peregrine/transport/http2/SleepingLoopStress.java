package io.peregrine.transport.http2;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.peregrine.stress.HandDrivenLoop;
import io.peregrine.transport.io.EventLoops;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A {@link CommandQueue} and a loop that goes to sleep (docs/decisions/0008): the producer offers and then reads the
 * loop's flag; the loop raises the flag, looks at the queue again, and sleeps. One of the two sees the other.
 */
public final class SleepingLoopStress {
    private SleepingLoopStress() {}

    /** What producers and the end of a loop's turn share. */
    abstract static class Falling {
        final HandDrivenLoop loop = new HandDrivenLoop();
        final CommandQueueStress.Digits digits = new CommandQueueStress.Digits();
        final CommandQueue queue = new CommandQueue(loop, 64, digits);
        private boolean slept;

        final void turnThenSleep() {
            loop.runPending();
            slept = loop.trySleep();
        }

        /** A loop that sleeps runs if it was woken, and one that stayed awake goes on. */
        final void goOn() {
            if (!slept || loop.wakeUps() > 0) {
                loop.runPending();
            }
        }
    }

    /** A producer against a loop that goes to sleep. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Seen by the loop before it slept, without a wake-up.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The loop was woken.")
    @Outcome(expect = FORBIDDEN, desc = "The loop sleeps on a command, or was woken twice for it.")
    @State
    public static class OfferAgainstSleep extends Falling {
        @Actor
        public void produce() {
            queue.offer(1);
        }

        @Actor
        public void sleep() {
            turnThenSleep();
        }

        @Arbiter
        public void look(II_Result result) {
            goOn();
            result.r1 = digits.taken;
            result.r2 = loop.wakeUps();
        }
    }

    /** Commands one behind the other against a loop that goes to sleep: however many they are, one pays. */
    @JCStressTest
    @Outcome(id = "12, 0, 0", expect = ACCEPTABLE, desc = "Seen by the loop before it slept, without a wake-up.")
    @Outcome(id = "12, 1, 0", expect = ACCEPTABLE, desc = "One of the two woke the loop.")
    @Outcome(expect = FORBIDDEN, desc = "The loop sleeps on a command, or was woken for each.")
    @State
    public static class OffersAgainstSleep extends Falling {
        @Actor
        public void produce() {
            queue.offer(1);
            queue.offer(2);
        }

        @Actor
        public void sleep() {
            turnThenSleep();
        }

        @Arbiter
        public void look(III_Result result) {
            goOn();
            result.r1 = digits.taken;
            result.r2 = loop.wakeUps();
            result.r3 = digits.overlaps;
        }
    }

    /** The same with a real loop of the platform's best backend, which sleeps in the kernel whenever it has time to. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Both commands were taken.")
    @Outcome(expect = FORBIDDEN, desc = "The loop sleeps on a command.")
    @State
    public static class OffersAgainstARealLoop {
        private static final EventLoops LOOPS = EventLoops.create(1);
        private static final int LIMIT_S = 20;

        private final AtomicInteger left = new AtomicInteger(2);
        private final CompletableFuture<Integer> taken = new CompletableFuture<>();
        private final CommandQueue queue = new CommandQueue(LOOPS.next(), 64, new CommandQueue.Consumer() {
            @Override
            public void onCommand(Object command) {
                if (left.decrementAndGet() == 0) {
                    taken.complete(1);
                }
            }

            @Override
            public void onDrained() {}
        });

        @Actor
        public void produceFirst(II_Result result) {
            result.r1 = queue.offer(1) ? 1 : 0;
        }

        @Actor
        public void produceSecond() {
            queue.offer(2);
        }

        @Arbiter
        public void look(II_Result result) {
            result.r2 = taken.completeOnTimeout(0, LIMIT_S, TimeUnit.SECONDS).join();
        }
    }
}
