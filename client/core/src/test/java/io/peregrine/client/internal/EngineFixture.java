package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.internal.control.AddressBackoff;
import io.peregrine.client.internal.control.PickerSnapshot;
import io.peregrine.client.internal.control.SubConnection;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.client.internal.message.RequestTemplates;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.testkit.VirtualTimer;
import io.peregrine.transport.header.HeaderFields;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.TransportListener;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Calls of every kind over several {@linkplain FakeTransport back ends}, on a clock that only the test moves. */
final class EngineFixture {
    static final MethodDescriptor<byte[], byte[]> UNARY =
            MethodDescriptor.unary("test.Echo/Say", Marshallers.bytes(), Marshallers.bytes());
    static final MethodDescriptor<byte[], byte[]> CLIENT_STREAM =
            MethodDescriptor.clientStreaming("test.Echo/Collect", Marshallers.bytes(), Marshallers.bytes());
    static final MethodDescriptor<byte[], byte[]> SERVER_STREAM =
            MethodDescriptor.serverStreaming("test.Echo/Expand", Marshallers.bytes(), Marshallers.bytes());
    static final MethodDescriptor<byte[], byte[]> BIDI =
            MethodDescriptor.bidiStreaming("test.Echo/Chat", Marshallers.bytes(), Marshallers.bytes());
    static final byte[] REQUEST = {1, 2, 3};

    static final RetryPolicy RETRY = RetryPolicy.fixed(Duration.ofMillis(100)).maxAttempts(3);

    final VirtualTimer timer = new VirtualTimer();

    /** Counts what is in use, and so needs no leak detector. */
    final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true);

    final CallFixture.FakeChannel channel = new CallFixture.FakeChannel();
    final List<FakeTransport> backends = new ArrayList<>();

    /** All attempts that a back end got, in order. */
    final List<Attempt<?>> started = new ArrayList<>();

    /** What each pick was told to avoid. */
    final List<Set<SocketAddress>> avoided = new ArrayList<>();

    final PickerSnapshot pickers;
    final CallDispatcher dispatcher;
    private final List<SubConnection> ready = new ArrayList<>();
    private final SyncContext context = new SyncContext(timer, thrown -> {
        throw new AssertionError(thrown);
    });
    private int picks;

    EngineFixture() {
        this(1, RetryLimits.DEFAULT, null);
    }

    EngineFixture(int backendCount) {
        this(backendCount, RetryLimits.DEFAULT, null);
    }

    EngineFixture(int backendCount, RetryLimits limits, @Nullable CallCredentials credentials) {
        for (int i = 0; i < backendCount; i++) {
            FakeTransport backend =
                    new FakeTransport(new InetSocketAddress(InetAddress.getLoopbackAddress(), 50051 + i));
            backend.afterAccept = () -> started.add(backend.last());
            backends.add(backend);
            ready.add(readySubConnection(backend));
        }
        pickers = new PickerSnapshot(this::pick, 100, timer);
        dispatcher = new CallDispatcher(
                pickers,
                timer,
                allocator,
                "dns:///echo.test",
                new RequestTemplates(
                        false, "echo.test", "test/1", Codecs.defaults().acceptEncoding()),
                Codecs.defaults(),
                credentials,
                1 << 20,
                Integer.MAX_VALUE,
                limits,
                channel);
        dispatcher.clock(timer::nanoTime);
    }

    static CallOptions retrying() {
        return CallOptions.DEFAULT.withRetry(RETRY);
    }

    static CallOptions hedging(HedgingPolicy policy) {
        return CallOptions.DEFAULT.withHedging(policy);
    }

    // ---- Picks -----------------------------------------------------------------------------------------------

    /** Round robin, without a look at what to avoid. */
    PickResult pick(PickInfo info) {
        Set<SocketAddress> tried = info.tried();
        assertThat(info.hasTried() || tried.isEmpty())
                .as("says that there is a server to avoid")
                .isTrue();
        avoided.add(tried);
        return PickResult.of(ready.get(picks++ % ready.size()));
    }

    /** A picker that leads to the back ends; another object each time. */
    Picker readyPicker() {
        return info -> pick(info);
    }

    static Picker queueing() {
        return info -> PickResult.queue();
    }

    // ---- Calls -----------------------------------------------------------------------------------------------

    /** Starts a unary call. */
    EndRecorder unary(CallOptions options) {
        EndRecorder end = new EndRecorder();
        newUnary(options, end).start(REQUEST);
        return end;
    }

    UnaryCall<byte[], byte[]> newUnary(CallOptions options, EndRecorder end) {
        return new CallbackCall<>(dispatcher, UNARY, options, end);
    }

    /** Starts a call with streams, whose events go to the recorder. */
    StreamCall<byte[], byte[]> stream(
            MethodDescriptor<byte[], byte[]> method, CallOptions options, StreamRecorder recorder) {
        StreamCall<byte[], byte[]> call = new StreamCall<>(dispatcher, method, options, recorder, null);
        call.start();
        return call;
    }

    // ---- Attempts --------------------------------------------------------------------------------------------

    /** The n-th attempt that a back end got, from 0. */
    Attempt<?> attempt(int number) {
        assertThat(started).as("attempts").hasSizeGreaterThan(number);
        return started.get(number);
    }

    /** The back end of that attempt. */
    FakeTransport of(Attempt<?> attempt) {
        return backends.stream()
                .filter(backend -> backend.started.contains(attempt))
                .findFirst()
                .orElseThrow();
    }

    /** The value of {@code grpc-previous-rpc-attempts} of each attempt; "" without one. */
    List<String> previousAttempts() {
        List<String> values = new ArrayList<>();
        for (Attempt<?> attempt : started) {
            HeaderFields fields = StreamAccess.fields(attempt);
            String value = "";
            for (int i = 0; fields != null && i < fields.size(); i++) {
                if (fields.wireName(i).contentEquals("grpc-previous-rpc-attempts")) {
                    value = fields.wireValue(i).toString();
                }
            }
            values.add(value);
        }
        return values;
    }

    void runCancels() {
        backends.forEach(FakeTransport::runCancels);
    }

    void advanceMs(long ms) {
        timer.advance(Duration.ofMillis(ms));
    }

    void throttling(double maxTokens, double ratio) {
        channel.config =
                ServiceConfig.builder().retryThrottling(maxTokens, ratio).build();
    }

    /** The tokens left, in thousandths. */
    int milliTokens() {
        return dispatcher.throttle().milliTokens();
    }

    /** Nothing of a call is left over. */
    void assertSettled() {
        assertThat(allocator.metric().usedHeapMemory()).as("bytes in use").isZero();
        assertThat(dispatcher.replayBudget().usedBytes()).as("replay budget").isZero();
        assertThat(pickers.waiting()).as("waiting calls").isZero();
        assertThat(timer.pending()).as("timers").isZero();
        for (FakeTransport backend : backends) {
            assertThat(backend.live).as("live streams").isEmpty();
        }
    }

    boolean isSettled() {
        return allocator.metric().usedHeapMemory() == 0
                && dispatcher.replayBudget().usedBytes() == 0
                && pickers.waiting() == 0
                && timer.pending() == 0
                && backends.stream().allMatch(backend -> backend.live.isEmpty());
    }

    private SubConnection readySubConnection(FakeTransport backend) {
        return readySubConnection(backend, context);
    }

    /** A subchannel that is READY with that transport. */
    static SubConnection readySubConnection(ClientTransport transport, SyncContext context) {
        List<TransportListener> listeners = new ArrayList<>();
        SubConnection.Channel connecting = new SubConnection.Channel() {
            @Override
            public ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener) {
                listeners.add(listener);
                return transport;
            }

            @Override
            public void resolveNow() {}

            @Override
            public void onTransportClosed(ClientTransport closed) {}
        };
        SubConnection subConnection = new SubConnection(
                transport.remoteAddress(),
                Attributes.EMPTY,
                new AddressBackoff(),
                context,
                connecting,
                (state, status) -> {});
        context.execute(subConnection::connect);
        listeners.get(0).onReady();
        return subConnection;
    }
}
