package io.peregrine.client.internal;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.UnaryCallback;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.internal.control.AddressBackoff;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.client.internal.control.SubConnection;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.client.internal.message.RequestTemplates;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.stress.HandDrivenLoop;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.HandDrivenConnection;
import io.peregrine.transport.http2.TransportListener;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/** {@link UnaryCall} over a real connection: exactly one end, whoever brings it about (HOSTILE.md P1, P10). */
public final class CallStress {
    /** A channel whose resolver has answered, without a config. */
    private static final ChannelView CONFIGURED = new ChannelView() {
        @Override
        public ServiceConfig serviceConfig() {
            return ServiceConfig.EMPTY;
        }

        @Override
        public boolean isResolved() {
            return true;
        }

        @Override
        public String lastFailure() {
            return "none";
        }
    };

    static final MethodDescriptor<byte[], byte[]> ECHO =
            MethodDescriptor.unary("test.Echo/Say", Marshallers.bytes(), Marshallers.bytes());
    static final byte[] REQUEST = {1, 2, 3};

    private CallStress() {}

    /** A channel with one ready connection; how its calls end is written down. */
    abstract static class Calling implements UnaryCallback<byte[]>, SubConnection.Channel {
        final HandDrivenLoop loop = new HandDrivenLoop();
        final Picker queueing = info -> PickResult.queue();
        final PickerSnapshot pickers = new PickerSnapshot(queueing, 10, loop);
        final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true);
        final CallDispatcher dispatcher = new CallDispatcher(
                pickers,
                loop,
                allocator,
                "dns:///echo.test",
                new RequestTemplates(false, "echo.test", "stress/1", ""),
                Codecs.none(),
                null,
                1 << 20,
                1 << 20,
                RetryLimits.DEFAULT,
                CONFIGURED);
        final CallbackCall<byte[], byte[]> call = new CallbackCall<>(dispatcher, ECHO, CallOptions.DEFAULT, this);
        final SubConnection ready;
        private final AtomicInteger ends = new AtomicInteger();
        private volatile String end = "no end";
        private @Nullable HandDrivenConnection connection;

        Calling() {
            SyncContext context = new SyncContext(loop, thrown -> {
                throw new AssertionError(thrown);
            });
            ready = new SubConnection(
                    HandDrivenConnection.ADDRESS,
                    Attributes.EMPTY,
                    new AddressBackoff(),
                    context,
                    this,
                    (state, status) -> {});
            context.execute(ready::connect);
        }

        final HandDrivenConnection connection() {
            HandDrivenConnection opened = connection;
            if (opened == null) {
                throw new AssertionError("not connected");
            }
            return opened;
        }

        final void publishReady() {
            pickers.publish(info -> PickResult.of(ready));
        }

        /** Runs what is left, and reports the ends and what is left after them. */
        final void report(LL_Result result) {
            loop.runPending();
            result.r1 = ends.get() + " " + end;
            connection().release();
            long leftBytes = allocator.metric().usedHeapMemory();
            result.r2 = pickers.waiting() + leftBytes == 0
                    ? "nothing left"
                    : pickers.waiting() + " waiting, " + leftBytes + " bytes";
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
        public ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener) {
            HandDrivenConnection opened = new HandDrivenConnection(loop, listener);
            connection = opened;
            return opened.transport();
        }

        @Override
        public void resolveNow() {}

        @Override
        public void onTransportClosed(ClientTransport transport) {}
    }

    /** A cancel while the call is sent: it finds the attempt, or the sender finds the cancel. */
    @JCStressTest
    @Outcome(id = "1 CANCELLED, nothing left", expect = ACCEPTABLE, desc = "Cancelled, once.")
    @Outcome(expect = FORBIDDEN, desc = "The cancel was lost, or the call ended twice.")
    @State
    public static class CancelAgainstStart extends Calling {
        /** A connection is ready. */
        public CancelAgainstStart() {
            publishReady();
        }

        @Actor
        public void start() {
            call.start(REQUEST);
        }

        @Actor
        public void cancel() {
            call.cancel();
            loop.runPending();
        }

        @Arbiter
        public void look(LL_Result result) {
            report(result);
        }
    }

    /** A cancel while the call begins to wait for a connection. */
    @JCStressTest
    @Outcome(id = "1 CANCELLED, nothing left", expect = ACCEPTABLE, desc = "Cancelled, once.")
    @Outcome(expect = FORBIDDEN, desc = "The cancel was lost, or the call ended twice.")
    @State
    public static class CancelAgainstWait extends Calling {
        @Actor
        public void start() {
            call.start(REQUEST);
        }

        @Actor
        public void cancel() {
            call.cancel();
        }

        @Arbiter
        public void look(LL_Result result) {
            report(result);
        }
    }

    /** A cancel while a call that waits gets its connection. */
    @JCStressTest
    @Outcome(id = "1 CANCELLED, nothing left", expect = ACCEPTABLE, desc = "Cancelled, once.")
    @Outcome(expect = FORBIDDEN, desc = "The cancel was lost, or the call ended twice.")
    @State
    public static class CancelAgainstPicker extends Calling {
        /** The call waits. */
        public CancelAgainstPicker() {
            call.start(REQUEST);
        }

        @Actor
        public void cancel() {
            call.cancel();
        }

        @Actor
        public void connect() {
            publishReady();
            loop.runPending();
        }

        @Arbiter
        public void look(LL_Result result) {
            report(result);
        }
    }

    /** A cancel against the response. */
    @JCStressTest
    @Outcome(
            id = {"1 CANCELLED, nothing left", "1 OK, nothing left"},
            expect = ACCEPTABLE,
            desc = "One of the two, once.")
    @Outcome(expect = FORBIDDEN, desc = "No end, or two.")
    @State
    public static class CancelAgainstCompletion extends Calling {
        /** The request is on its way. */
        public CancelAgainstCompletion() {
            publishReady();
            call.start(REQUEST);
            loop.runPending();
        }

        @Actor
        public void cancel() {
            call.cancel();
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

    /** A caller that parks against the loop that completes: it wakes at once, and sees the response. */
    @JCStressTest
    @Outcome(id = "x in time, nothing left", expect = ACCEPTABLE, desc = "The response.")
    @Outcome(expect = FORBIDDEN, desc = "A wake-up was lost, or the response was not seen.")
    @State
    public static class ParkAgainstCompletion extends Calling {
        /** A lost wake-up shows as a wait of this length and half a second. */
        private static final Duration DEADLINE = Duration.ofSeconds(10);

        private static final long LATE_NS = TimeUnit.SECONDS.toNanos(8);

        private final AtomicInteger started = new AtomicInteger();
        private volatile String seen = "nothing";

        /** A connection is ready. */
        public ParkAgainstCompletion() {
            publishReady();
        }

        @Actor
        public void call() {
            long startNs = System.nanoTime();
            BlockingCall<byte[], byte[]> blocking =
                    new BlockingCall<>(dispatcher, ECHO, CallOptions.deadlineAfter(DEADLINE));
            blocking.start(REQUEST);
            started.set(1);
            try {
                byte[] response = blocking.await();
                seen = new String(response, java.nio.charset.StandardCharsets.US_ASCII)
                        + (System.nanoTime() - startNs < LATE_NS ? " in time" : " late");
            } catch (StatusException failure) {
                seen = String.valueOf(failure.getMessage());
            }
        }

        @Actor
        public void respond() {
            while (started.get() == 0) {
                Thread.onSpinWait();
            }
            connection().respond(1);
        }

        @Arbiter
        public void look(LL_Result result) {
            report(result);
            result.r1 = seen;
        }
    }
}
