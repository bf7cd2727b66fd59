package io.peregrine.transport.http2;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link MessagePipe}: no message is left behind by a close, and no news is left unsaid by a signal. */
public final class MessagePipeStress {
    private MessagePipeStress() {}

    /** A message that comes while the stream ends: whoever finds it releases it, once. */
    @JCStressTest
    @Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "Both are released, and counted off.")
    @Outcome(expect = FORBIDDEN, desc = "A message leaked, or bytes are counted that are not there.")
    @State
    public static class OfferAgainstClose {
        private final MessagePipe pipe = new MessagePipe();
        private final ByteBuf first = Unpooled.buffer(4).writeInt(1);
        private final ByteBuf second = Unpooled.buffer(4).writeInt(2);

        @Actor
        public void offer() {
            pipe.offer(first);
            pipe.offer(second);
        }

        @Actor
        public void close() {
            pipe.close();
        }

        @Arbiter
        public void look(III_Result result) {
            result.r1 = first.refCnt();
            result.r2 = second.refCnt();
            result.r3 = (int) pipe.queuedBytes();
        }
    }

    /** A message that is offered while the loop looks: it is found, or somebody is told to look again. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "The loop found it, and need not come again.")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "The loop is called again.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The loop found it, and is called for nothing.")
    @Outcome(expect = FORBIDDEN, desc = "The message lies in the pipe and nobody will look.")
    @State
    public static class SignalAgainstLook {
        private final MessagePipe pipe = new MessagePipe();
        private final ByteBuf message = Unpooled.buffer(4).writeInt(1);

        /** The loop was told before, and is about to look. */
        public SignalAgainstLook() {
            pipe.trySignal();
        }

        @Actor
        public void offer(II_Result result) {
            pipe.offer(message);
            result.r2 = pipe.trySignal() ? 1 : 0;
        }

        @Actor
        public void look(II_Result result) {
            pipe.onSignalTaken();
            result.r1 = pipe.poll() == null ? 0 : 1;
        }
    }
}
