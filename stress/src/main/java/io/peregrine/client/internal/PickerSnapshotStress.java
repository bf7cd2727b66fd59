package io.peregrine.client.internal;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.stress.HandDrivenLoop;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LII_Result;
import org.openjdk.jcstress.infra.results.ZII_Result;

/** {@link PickerSnapshot}: who waits is told of the successor, once, unless it stopped waiting. */
public final class PickerSnapshotStress {
    private PickerSnapshotStress() {}

    /** A picker that makes calls wait, and a waiter that counts how often it is told. */
    abstract static class Waiting implements PickerSnapshot.Waiter {
        final HandDrivenLoop loop = new HandDrivenLoop();
        final Picker first = info -> PickResult.queue();
        final PickerSnapshot pickers = new PickerSnapshot(first, 10, loop);
        final AtomicInteger told = new AtomicInteger();

        @Override
        public void onNewPicker() {
            told.incrementAndGet();
        }

        final void publish() {
            pickers.publish(info -> PickResult.queue());
        }
    }

    /** A new picker while a call begins to wait. */
    @JCStressTest
    @Outcome(id = "WAITING, 1, 0", expect = ACCEPTABLE, desc = "It waited and was told.")
    @Outcome(id = "REPLACED, 0, 0", expect = ACCEPTABLE, desc = "It came too late to wait.")
    @Outcome(expect = FORBIDDEN, desc = "The wake-up was lost, or came to one who does not wait.")
    @State
    public static class PublishAgainstAwait extends Waiting {
        @Actor
        public void await(LII_Result result) {
            result.r1 = pickers.await(this, first);
        }

        @Actor
        public void replace() {
            publish();
        }

        @Arbiter
        public void look(LII_Result result) {
            loop.runPending();
            result.r2 = told.get();
            result.r3 = pickers.waiting();
        }
    }

    /** Two new pickers while a call waits: it is told of one. */
    @JCStressTest
    @Outcome(id = "WAITING, 1, 0", expect = ACCEPTABLE, desc = "Told once.")
    @Outcome(expect = FORBIDDEN, desc = "Not told, or told twice.")
    @State
    public static class PublishAgainstPublish extends Waiting {
        private final PickerSnapshot.Wait waits = pickers.await(this, first);

        @Actor
        public void replace() {
            publish();
        }

        @Actor
        public void replaceToo() {
            publish();
            loop.runPending();
        }

        @Arbiter
        public void look(LII_Result result) {
            loop.runPending();
            result.r1 = waits;
            result.r2 = told.get();
            result.r3 = pickers.waiting();
        }
    }

    /** A call that stops waiting, as a cancel or a deadline makes it, while it is woken. */
    @JCStressTest
    @Outcome(id = "true, 0, 0", expect = ACCEPTABLE, desc = "It stopped and was not told.")
    @Outcome(id = "false, 1, 0", expect = ACCEPTABLE, desc = "It was told and could not stop.")
    @Outcome(expect = FORBIDDEN, desc = "The call has two owners, or none.")
    @State
    public static class PublishAgainstRemove extends Waiting {
        /** A call waits. */
        public PublishAgainstRemove() {
            pickers.await(this, first);
        }

        @Actor
        public void stop(ZII_Result result) {
            result.r1 = pickers.remove(this);
        }

        @Actor
        public void replace() {
            publish();
            loop.runPending();
        }

        @Arbiter
        public void look(ZII_Result result) {
            loop.runPending();
            result.r2 = told.get();
            result.r3 = pickers.waiting();
        }
    }
}
