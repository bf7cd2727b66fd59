package io.peregrine.transport.http2;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.peregrine.stress.HandDrivenLoop;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link CommandQueue}: nothing is lost, nothing comes twice, and there is one consumer at any time. */
public final class CommandQueueStress {
    private CommandQueueStress() {}

    /**
     * Writes the numbers that it takes one behind the other, as decimal digits. Its fields are plain: a consumer that
     * did not see what the one before it did would lose digits.
     */
    static final class Digits implements CommandQueue.Consumer {
        final AtomicInteger inside = new AtomicInteger();
        int taken;
        int seenWhenDrained;
        int overlaps;

        @Override
        public void onCommand(Object command) {
            if (inside.getAndIncrement() != 0) {
                overlaps++;
            }
            taken = taken * 10 + (Integer) command;
            for (int i = 0; i < 10; i++) {
                // Long enough for another to come in.
                Thread.onSpinWait();
            }
            inside.decrementAndGet();
        }

        @Override
        public void onDrained() {
            seenWhenDrained = taken;
        }
    }

    /** A queue on a loop that the actors run. */
    abstract static class Queueing {
        final HandDrivenLoop loop = new HandDrivenLoop();
        final Digits digits = new Digits();
        final CommandQueue queue = new CommandQueue(loop, 64, digits);

        final void report(III_Result result) {
            result.r1 = digits.taken;
            result.r2 = digits.seenWhenDrained;
            result.r3 = digits.overlaps;
        }
    }

    /** A producer against the loop: in order, and the last command is followed by the drain's end. */
    @JCStressTest
    @Outcome(id = "12, 12, 0", expect = ACCEPTABLE, desc = "Both, in order, then the end of the turn.")
    @Outcome(expect = FORBIDDEN, desc = "A command or a wake-up was lost, or came twice.")
    @State
    public static class OfferAgainstDrain extends Queueing {
        @Actor
        public void produce() {
            queue.offer(1);
            queue.offer(2);
        }

        @Actor
        public void drain() {
            loop.runPending();
            loop.runPending();
        }

        @Arbiter
        public void rest(III_Result result) {
            loop.runPending();
            report(result);
        }
    }

    /** Two producers, one of which is the loop itself. */
    @JCStressTest
    @Outcome(
            id = {"12, 12, 0", "21, 21, 0"},
            expect = ACCEPTABLE,
            desc = "Both, in one order or the other.")
    @Outcome(expect = FORBIDDEN, desc = "A command or a wake-up was lost, or came twice.")
    @State
    public static class OfferAgainstOffer extends Queueing {
        @Actor
        public void produce() {
            queue.offer(1);
        }

        @Actor
        public void produceAndDrain() {
            queue.offer(2);
            loop.runPending();
        }

        @Arbiter
        public void rest(III_Result result) {
            loop.runPending();
            report(result);
        }
    }

    /**
     * A wake-up is followed by the end of a turn, also if a turn is under way. Whoever wakes the loop has written
     * something that is ordered before its look at the state, as the queue's own index is: hence the volatile.
     */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Seen at the end of a turn.")
    @Outcome(expect = FORBIDDEN, desc = "The wake-up was lost.")
    @State
    public static class ScheduleAgainstDrain extends Queueing {
        private volatile int written;
        private int seen;

        private final CommandQueue woken = new CommandQueue(loop, 64, new CommandQueue.Consumer() {
            @Override
            public void onCommand(Object command) {
                throw new AssertionError(command);
            }

            @Override
            public void onDrained() {
                seen = written;
            }
        });

        /** A wake-up is under way. */
        public ScheduleAgainstDrain() {
            woken.schedule();
        }

        @Actor
        public void schedule() {
            written = 1;
            woken.schedule();
        }

        @Actor
        public void drain() {
            loop.runPending();
        }

        @Arbiter
        public void rest(II_Result result) {
            loop.runPending();
            result.r1 = seen;
            result.r2 = digits.overlaps;
        }
    }

    /** A producer against a loop that ends: whoever drains, there is nobody left to come. */
    @JCStressTest
    @Outcome(
            id = {"12, 0, 0", "12, 1, 0", "12, 12, 0"},
            expect = ACCEPTABLE,
            desc = "Both, in order, by the loop or by the producer.")
    @Outcome(expect = FORBIDDEN, desc = "A command was lost with the loop, or two drained at once.")
    @State
    public static class OfferAgainstShutdown extends Queueing {
        @Actor
        public void produce() {
            queue.offer(1);
            queue.offer(2);
        }

        @Actor
        public void end() {
            loop.end();
        }

        @Arbiter
        public void look(III_Result result) {
            report(result);
        }
    }

    /** A producer that finds the loop gone against the loop's last pass, which does the same work. */
    @JCStressTest
    @Outcome(
            id = {"1, 0, 0", "1, 1, 0"},
            expect = ACCEPTABLE,
            desc = "By the loop or by the producer.")
    @Outcome(expect = FORBIDDEN, desc = "The command was lost or came twice, or two drained at once.")
    @State
    public static class OfferAgainstLastPass extends Queueing {
        @Actor
        public void produce() {
            queue.offer(1);
        }

        @Actor
        public void end() {
            loop.endWithOnePass();
        }

        @Arbiter
        public void look(III_Result result) {
            report(result);
        }
    }

    /** Producers that both find the loop gone take its part one after the other. */
    @JCStressTest
    @Outcome(
            id = {"12, 0, 0", "21, 0, 0"},
            expect = ACCEPTABLE,
            desc = "Both, in one order or the other.")
    @Outcome(expect = FORBIDDEN, desc = "A command was lost, or two drained at once.")
    @State
    public static class OfferAgainstOfferWithoutLoop extends Queueing {
        /** The loop is gone. */
        public OfferAgainstOfferWithoutLoop() {
            loop.end();
        }

        @Actor
        public void produceFirst() {
            queue.offer(1);
        }

        @Actor
        public void produceSecond() {
            queue.offer(2);
        }

        @Arbiter
        public void look(III_Result result) {
            report(result);
        }
    }
}
