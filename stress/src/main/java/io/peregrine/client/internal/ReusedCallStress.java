package io.peregrine.client.internal;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Cancellable;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/** A call object that one call hands to the next, against the cancel of the first. */
public final class ReusedCallStress {
    private ReusedCallStress() {}

    /** A cancel against the response whose callback makes the next call: the next one is never cancelled. */
    @JCStressTest
    @Outcome(
            id = {"1 OK, next 1 OK, nothing left", "1 CANCELLED, next 0 no end, nothing left"},
            expect = ACCEPTABLE,
            desc = "Each call has its own end, once.")
    @Outcome(expect = FORBIDDEN, desc = "The cancel reached the next call, or a call ended twice or not at all.")
    @State
    public static class CancelAgainstNextUse extends CallStress.Calling {
        private final NextCall next = new NextCall();
        private final Cancellable first;

        /** The first request is on its way. */
        public CancelAgainstNextUse() {
            publishReady();
            CallbackCall<byte[], byte[]> reused =
                    CallbackCall.reused(dispatcher, CallStress.ECHO, CallOptions.DEFAULT, this);
            first = reused.handle();
            reused.start(CallStress.REQUEST);
            loop.runPending();
        }

        @Actor
        public void cancel() {
            first.cancel();
        }

        @Actor
        public void respond() {
            connection().respond(1);
        }

        @Override
        public void onSuccess(byte[] response, Metadata trailers) {
            super.onSuccess(response, trailers);
            CallbackCall.reused(dispatcher, CallStress.ECHO, CallOptions.DEFAULT, next)
                    .start(CallStress.REQUEST);
        }

        @Arbiter
        public void look(LL_Result result) {
            loop.runPending();
            connection().respond(3);
            report(result);
            result.r1 = result.r1 + ", next " + next.ends + ' ' + next.end;
        }
    }

    /** How the second call ends; on the loop and, behind it, in the arbiter. */
    private static final class NextCall implements UnaryCallback<byte[]> {
        private int ends;
        private String end = "no end";

        @Override
        public void onSuccess(byte[] response, Metadata trailers) {
            ends++;
            end = "OK";
        }

        @Override
        public void onFailure(StatusException failure) {
            ends++;
            end = failure.status().code().name();
        }
    }
}
