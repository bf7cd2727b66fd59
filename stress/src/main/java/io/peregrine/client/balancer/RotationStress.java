package io.peregrine.client.balancer;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.peregrine.client.CallOptions;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** {@link Rotation}: threads count in cells of their own or in the same one, by their ids, and lose no number (RR-2). */
public final class RotationStress {
    /** Of a call that such pickers do not look at. */
    private static final PickInfo UNASKED = new PickInfo() {
        @Override
        public MethodDescriptor<?, ?> method() {
            throw new AssertionError("asked for the method");
        }

        @Override
        public CallOptions options() {
            throw new AssertionError("asked for the options");
        }
    };

    private RotationStress() {}

    /** How far apart the two numbers are that each of two threads takes. */
    @JCStressTest
    @Outcome(
            id = "1, 1",
            expect = ACCEPTABLE,
            desc = "Each has its cell, or they share one and come one after the other.")
    @Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "They share a cell and take turns.")
    @Outcome(
            id = {"1, 3", "3, 1"},
            expect = ACCEPTABLE,
            desc = "They share a cell, and one comes between the other's two.")
    @Outcome(expect = FORBIDDEN, desc = "A number was lost, or came twice.")
    @State
    public static class TwoNumbersEach {
        private final Rotation rotation = new Rotation();

        /** One thread. */
        @Actor
        public void one(JJ_Result result) {
            result.r1 = -rotation.next() + rotation.next();
        }

        /** The other. */
        @Actor
        public void other(JJ_Result result) {
            result.r2 = -rotation.next() + rotation.next();
        }
    }

    /** A picker over two results that one thread makes and another one finds without any order: it is whole. */
    @JCStressTest
    @Outcome(
            id = {"true, true", "true, false"},
            expect = ACCEPTABLE,
            desc = "It picks one of the two, or is not there yet.")
    @Outcome(expect = FORBIDDEN, desc = "It picked nothing, or was not whole.")
    @State
    public static class PublishedWithoutOrder {
        private final PickResult first = PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "first"));
        private final PickResult second = PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "second"));
        private Picker picker = FixedPicker.queueing();

        /** In the serialised context. */
        @Actor
        public void publish() {
            picker = Rotation.over(List.of(first, second));
        }

        /** A pick. */
        @Actor
        public void pick(ZZ_Result result) {
            PickResult picked = picker.pick(UNASKED);
            boolean queued = picked == PickResult.queue();
            result.r1 = queued || picked == first || picked == second;
            result.r2 = !queued;
        }
    }
}
