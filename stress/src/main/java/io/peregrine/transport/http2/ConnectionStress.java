package io.peregrine.transport.http2;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.netty.buffer.Unpooled;
import io.peregrine.stress.HandDrivenLoop;
import io.peregrine.transport.header.RequestHeaders;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/**
 * {@link Http2ClientConnection}: a stream is refused and hears nothing, or is accepted and ends exactly once, whatever
 * happens to the connection at that moment (HOSTILE.md P1, P10, P11).
 */
public final class ConnectionStress {
    private static final RequestHeaders SAY_HELLO =
            RequestHeaders.grpc(false, "greeter.test", "/helloworld.Greeter/SayHello", "peregrine-stress/1");

    private ConnectionStress() {}

    /** A ready connection and a stream that may be started on it. */
    abstract static class Connected implements TransportListener {
        final HandDrivenLoop loop = new HandDrivenLoop();
        final HandDrivenConnection connection = new HandDrivenConnection(loop, this);
        final RecordedStream stream = new RecordedStream(
                SAY_HELLO, null, Unpooled.wrappedBuffer(Frames.message("hi")), TransportStream.NO_DEADLINE, 1 << 20);
        private ClientTransport.@Nullable StartResult started;

        final void start() {
            started = connection.transport().start(stream);
        }

        /** Lets everything end, and reports how the start was answered, the stream's last event and how many it had. */
        final void report(LLL_Result result) {
            loop.runPending();
            connection.release();
            result.r1 = String.valueOf(started);
            result.r2 = stream.events().isEmpty()
                    ? "nothing"
                    : stream.events().get(stream.events().size() - 1);
            result.r3 = stream.ends() + (connection.isClosed() ? " closed" : " open");
        }

        @Override
        public void onReady() {}

        @Override
        public void onDraining(String reason) {}

        @Override
        public void onTerminated(String reason, @Nullable Throwable cause) {}

        @Override
        public void onReleased() {}
    }

    /** A start against a shutdown that ends everything. */
    @JCStressTest
    @Outcome(id = "CLOSED, nothing, 0 closed", expect = ACCEPTABLE, desc = "Refused, and nothing is said.")
    @Outcome(
            id = {"ACCEPTED, failure UNPROCESSED, 1 closed", "ACCEPTED, failure CONNECTION_LOST, 1 closed"},
            expect = ACCEPTABLE,
            desc = "Accepted, and ended once.")
    @Outcome(expect = FORBIDDEN, desc = "A stream hangs, ended twice, or was refused and told.")
    @State
    public static class StartAgainstShutdownNow extends Connected {
        @Actor
        public void begin() {
            start();
        }

        @Actor
        public void shutdownNow() {
            connection.transport().shutdownNow("test");
            loop.runPending();
        }

        @Arbiter
        public void look(LLL_Result result) {
            report(result);
        }
    }

    /** A start against the loss of the connection. */
    @JCStressTest
    @Outcome(id = "CLOSED, nothing, 0 closed", expect = ACCEPTABLE, desc = "Refused, and nothing is said.")
    @Outcome(
            id = {"ACCEPTED, failure UNPROCESSED, 1 closed", "ACCEPTED, failure CONNECTION_LOST, 1 closed"},
            expect = ACCEPTABLE,
            desc = "Accepted, and ended once.")
    @Outcome(expect = FORBIDDEN, desc = "A stream hangs, ended twice, or was refused and told.")
    @State
    public static class StartAgainstLoss extends Connected {
        @Actor
        public void begin() {
            start();
        }

        @Actor
        public void lose() {
            connection.lose();
        }

        @Arbiter
        public void look(LLL_Result result) {
            report(result);
        }
    }

    /** A start against a GOAWAY that disowns it: it may be sent again elsewhere. */
    @JCStressTest
    @Outcome(id = "CLOSED, nothing, 0 closed", expect = ACCEPTABLE, desc = "Refused, and nothing is said.")
    @Outcome(
            id = {"ACCEPTED, failure UNPROCESSED, 1 closed", "ACCEPTED, failure REFUSED, 1 closed"},
            expect = ACCEPTABLE,
            desc = "Accepted, and given back.")
    @Outcome(expect = FORBIDDEN, desc = "A stream hangs, ended twice, or was refused and told.")
    @State
    public static class StartAgainstGoAway extends Connected {
        @Actor
        public void begin() {
            start();
        }

        @Actor
        public void goAway() {
            connection.goAway();
            loop.runPending();
        }

        @Arbiter
        public void look(LLL_Result result) {
            report(result);
        }
    }

    /** A start against the end of the loop itself: whoever takes its part answers. */
    @JCStressTest
    @Outcome(
            id = {"ACCEPTED, failure UNPROCESSED, 1 closed", "ACCEPTED, failure CONNECTION_LOST, 1 closed"},
            expect = ACCEPTABLE,
            desc = "Ended once.")
    @Outcome(id = "CLOSED, nothing, 0 closed", expect = ACCEPTABLE, desc = "Refused, and nothing is said.")
    @Outcome(expect = FORBIDDEN, desc = "A stream hangs, ended twice, or was refused and told.")
    @State
    public static class StartAgainstEndOfLoop extends Connected {
        @Actor
        public void begin() {
            start();
        }

        @Actor
        public void end() {
            connection.lose();
            loop.end();
        }

        @Arbiter
        public void look(LLL_Result result) {
            report(result);
        }
    }

    /** A cancel against the response. */
    @JCStressTest
    @Outcome(
            id = {"ACCEPTED, trailers grpc-status=0, 1 closed", "ACCEPTED, failure CANCELLED, 1 closed"},
            expect = ACCEPTABLE,
            desc = "One of the two, once.")
    @Outcome(expect = FORBIDDEN, desc = "The stream hangs, ended twice, or heard something after its end.")
    @State
    public static class CancelAgainstResponse extends Connected {
        /** The request is on its way. */
        public CancelAgainstResponse() {
            start();
            loop.runPending();
        }

        @Actor
        public void cancel() {
            connection.transport().cancel(stream);
        }

        @Actor
        public void respond() {
            connection.respond(1);
        }

        @Arbiter
        public void look(LLL_Result result) {
            report(result);
        }
    }

    /** A cancel, which wakes the loop, against a graceful shutdown, which waits for the last stream. */
    @JCStressTest
    @Outcome(id = "ACCEPTED, failure CANCELLED, 1 drained", expect = ACCEPTABLE, desc = "Cancelled, then closed.")
    @Outcome(expect = FORBIDDEN, desc = "The stream hangs or ended twice, or the connection never closes.")
    @State
    public static class CancelAgainstShutdown extends Connected {
        /** The request is on its way. */
        public CancelAgainstShutdown() {
            start();
            loop.runPending();
        }

        @Actor
        public void cancel() {
            connection.transport().cancel(stream);
        }

        @Actor
        public void shutdown() {
            connection.transport().shutdown("test");
            loop.runPending();
        }

        @Arbiter
        public void look(LLL_Result result) {
            loop.runPending();
            boolean drained = connection.isClosed();
            report(result);
            result.r3 = stream.ends() + (drained ? " drained" : " open");
        }
    }
}
