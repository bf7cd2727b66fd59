package io.peregrine.transport.io;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/** {@link EventLoops#shared()}: who holds a handle has loops that live, and the group ends with its last handle. */
public final class EventLoopsStress {
    private EventLoopsStress() {}

    /** Two users that come and go. The group is one for the process, so that the test's states meet each other too. */
    @JCStressTest
    @Outcome(id = "alive, alive, ended", expect = ACCEPTABLE, desc = "Alive while held, ended with the last handle.")
    @Outcome(expect = FORBIDDEN, desc = "A group was shut down under its user, or never.")
    @State
    public static class OpenAgainstClose {
        private @Nullable EventLoops first;
        private @Nullable EventLoops second;

        @Actor
        public void one(LLL_Result result) {
            EventLoops loops = EventLoops.shared();
            first = loops;
            result.r1 = use(loops);
        }

        @Actor
        public void other(LLL_Result result) {
            EventLoops loops = EventLoops.shared();
            second = loops;
            result.r2 = use(loops);
        }

        @Arbiter
        public void look(LLL_Result result) {
            result.r3 = hasEnded(first) && hasEnded(second) ? "ended" : "still there";
        }

        private static String use(EventLoops loops) {
            String state = loops.next().isShuttingDown() ? "shut down" : "alive";
            loops.close();
            return state;
        }

        private static boolean hasEnded(@Nullable EventLoops loops) {
            return loops != null
                    && loops.closeFuture()
                            .toCompletableFuture()
                            .orTimeout(20, TimeUnit.SECONDS)
                            .handle((ended, late) -> late == null)
                            .join();
        }
    }
}
