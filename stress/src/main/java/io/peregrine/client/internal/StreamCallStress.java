package io.peregrine.client.internal;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/** {@link StreamCall} over a real connection: the commit, on the event loop, against the application's threads. */
public final class StreamCallStress {
    private static final MethodDescriptor<byte[], byte[]> CHAT =
            MethodDescriptor.bidiStreaming("test.Echo/Chat", Marshallers.bytes(), Marshallers.bytes());

    private StreamCallStress() {}

    /** A call whose headers are on the wire, with one message in the replay buffer. */
    abstract static class Streaming extends CallStress.Calling {
        final StreamCall<byte[], byte[]> stream =
                new StreamCall<>(dispatcher, CHAT, CallOptions.DEFAULT, new Recorder(), null);

        Streaming() {
            publishReady();
            stream.start();
            stream.request(Integer.MAX_VALUE);
            stream.trySend(new byte[] {1});
            loop.runPending();
        }

        private final class Recorder implements StreamCallback<byte[]> {
            @Override
            public void onMessage(byte[] message) {}

            @Override
            public void onComplete(Metadata trailers) {
                onSuccess(new byte[0], trailers);
            }

            @Override
            public void onFailure(StatusException failure) {
                Streaming.this.onFailure(failure);
            }
        }
    }

    /** A message that is sent while the call commits: it goes to the attempt once, or is released with it. */
    @JCStressTest
    @Outcome(id = "1 OK, nothing left", expect = ACCEPTABLE, desc = "Ended once, and all messages are released.")
    @Outcome(expect = FORBIDDEN, desc = "A message leaked, or the call did not end once.")
    @State
    public static class CommitAgainstSend extends Streaming {
        @Actor
        public void send() {
            stream.trySend(new byte[] {2});
            stream.trySend(new byte[] {3});
        }

        @Actor
        public void respond() {
            connection().respond(1);
        }

        @Arbiter
        public void look(LL_Result result) {
            report(result);
        }
    }

    /** A half-close while the call commits. */
    @JCStressTest
    @Outcome(id = "1 OK, nothing left", expect = ACCEPTABLE, desc = "Ended once, and all messages are released.")
    @Outcome(expect = FORBIDDEN, desc = "A message leaked, or the call did not end once.")
    @State
    public static class CommitAgainstCloseSend extends Streaming {
        @Actor
        public void closeSend() {
            stream.trySend(new byte[] {2});
            stream.closeSend();
        }

        @Actor
        public void respond() {
            connection().respond(1);
        }

        @Arbiter
        public void look(LL_Result result) {
            report(result);
        }
    }

    /** A cancel while the call commits and ends. */
    @JCStressTest
    @Outcome(
            id = {"1 CANCELLED, nothing left", "1 OK, nothing left"},
            expect = ACCEPTABLE,
            desc = "One of the two, once.")
    @Outcome(expect = FORBIDDEN, desc = "A message leaked, or the call did not end once.")
    @State
    public static class CommitAgainstCancel extends Streaming {
        @Actor
        public void cancel() {
            stream.cancel();
        }

        @Actor
        public void respond() {
            connection().respond(1);
        }

        @Arbiter
        public void look(LL_Result result) {
            report(result);
        }
    }

    /** A cancel while a message is sent. */
    @JCStressTest
    @Outcome(id = "1 CANCELLED, nothing left", expect = ACCEPTABLE, desc = "Cancelled, once.")
    @Outcome(expect = FORBIDDEN, desc = "A message leaked, or the call did not end once.")
    @State
    public static class CancelAgainstSend extends Streaming {
        @Actor
        public void cancel() {
            stream.cancel();
            loop.runPending();
        }

        @Actor
        public void send() {
            stream.trySend(new byte[] {2});
        }

        @Arbiter
        public void look(LL_Result result) {
            report(result);
        }
    }
}
