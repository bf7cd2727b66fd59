package io.peregrine.client;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.internal.CallDispatcher;
import io.peregrine.client.internal.config.ActiveConfig;
import io.peregrine.client.internal.control.ControlPlane;
import io.peregrine.client.internal.control.ControlSettings;
import io.peregrine.client.internal.message.RequestTemplates;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.stress.HandDrivenLoop;
import io.peregrine.transport.http2.Http2Connector;
import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.SocketTuning;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LLL_Result;

/** {@link ClientConn}: a call that meets the close is refused or ended, once, and the channel ends (HOSTILE.md P11). */
public final class ClientConnStress {
    private static final MethodDescriptor<byte[], byte[]> ECHO =
            MethodDescriptor.unary("test.Echo/Say", Marshallers.bytes(), Marshallers.bytes());

    private ClientConnStress() {}

    /** A channel that is idle, and whose name is never resolved: calls wait until the channel is closed. */
    abstract static class Channel implements UnaryCallback<byte[]>, NameResolver {
        private static final EventLoops UNUSED = EventLoops.create(1);

        final HandDrivenLoop home = new HandDrivenLoop();
        final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true);
        final ControlPlane control = new ControlPlane(
                home,
                ControlSettings.of("dns:///echo.test", "echo.test", 10),
                () -> this,
                new ActiveConfig(null, true, LoadBalancerRegistry.standard()),
                new Http2Connector(UNUSED, SocketTuning.defaults(), TransportOptions.defaults(), null));
        final CallDispatcher dispatcher = new CallDispatcher(
                control.pickers(),
                home,
                allocator,
                "dns:///echo.test",
                new RequestTemplates(false, "echo.test", "stress/1", ""),
                Codecs.none(),
                null,
                1 << 20,
                1 << 20,
                RetryLimits.DEFAULT,
                control);
        final ClientConn conn = new ClientConn(
                "dns:///echo.test", control, dispatcher, UNUSED, false, CallOptions.DEFAULT, List.of(), List.of());
        private final AtomicInteger ends = new AtomicInteger();
        private volatile String end = "no end";

        final void invoke() {
            conn.invokeAsync(ECHO, new byte[] {1}, CallOptions.DEFAULT, this);
        }

        final void report(LLL_Result result) {
            home.runPending();
            result.r1 = ends.get() + " " + end;
            result.r2 = control.terminated().isDone() ? "terminated" : conn.state();
            result.r3 = control.pickers().waiting() + " waiting, "
                    + allocator.metric().usedHeapMemory() + " bytes";
        }

        @Override
        public void onSuccess(byte[] response, Metadata trailers) {
            ends.incrementAndGet();
            end = "OK";
        }

        @Override
        public void onFailure(StatusException failure) {
            ends.incrementAndGet();
            end = failure.status().code().name();
        }

        @Override
        public void start(Listener listener) {}

        @Override
        public void resolveNow() {}

        @Override
        public void close() {}
    }

    /** The first call against the close. */
    @JCStressTest
    @Outcome(
            id = "1 UNAVAILABLE, terminated, 0 waiting, 0 bytes",
            expect = ACCEPTABLE,
            desc = "Refused, for the channel is shut down.")
    @Outcome(
            id = "1 CANCELLED, terminated, 0 waiting, 0 bytes",
            expect = ACCEPTABLE,
            desc = "Under way, and ended by the close.")
    @Outcome(expect = FORBIDDEN, desc = "The call hangs or ended twice, or the channel never ends.")
    @State
    public static class StartAgainstClose extends Channel {
        @Actor
        public void call() {
            invoke();
        }

        @Actor
        public void shutdownNow() {
            conn.shutdownNow();
            home.runPending();
        }

        @Arbiter
        public void look(LLL_Result result) {
            report(result);
        }
    }

    /** Two that close at once while a call waits. */
    @JCStressTest
    @Outcome(id = "1 CANCELLED, terminated, 0 waiting, 0 bytes", expect = ACCEPTABLE, desc = "Ended once.")
    @Outcome(expect = FORBIDDEN, desc = "The call hangs or ended twice, or the channel never ends.")
    @State
    public static class CloseAgainstClose extends Channel {
        /** A call waits. */
        public CloseAgainstClose() {
            invoke();
        }

        @Actor
        public void shutdownNow() {
            conn.shutdownNow();
        }

        @Actor
        public void shutdownNowToo() {
            conn.shutdownNow();
            home.runPending();
        }

        @Arbiter
        public void look(LLL_Result result) {
            report(result);
        }
    }
}
