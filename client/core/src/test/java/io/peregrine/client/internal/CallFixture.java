package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
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
import io.peregrine.testkit.VirtualTimer;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.TransportListener;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Calls over a {@link FakeTransport}, with a timer that the test moves and an allocator that is checked. */
final class CallFixture {
    static final MethodDescriptor<byte[], byte[]> ECHO =
            MethodDescriptor.unary("test.Echo/Say", Marshallers.bytes(), Marshallers.bytes());
    static final byte[] REQUEST = {1, 2, 3};

    final VirtualTimer timer = new VirtualTimer();
    final SyncContext context = new SyncContext(timer, thrown -> {
        throw new AssertionError(thrown);
    });
    final FakeTransport transport = new FakeTransport();

    /** Counts what is in use, and so needs no leak detector. */
    final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

    final SubConnection ready = readySubConnection();
    final PickerSnapshot pickers;
    final FakeChannel channel = new FakeChannel();
    final CallDispatcher dispatcher;

    CallFixture() {
        this(100, Integer.MAX_VALUE);
    }

    CallFixture(int maxWaiting, int maxOutboundBytes) {
        pickers = new PickerSnapshot(info -> PickResult.of(ready), maxWaiting, Runnable::run);
        dispatcher = new CallDispatcher(
                pickers,
                timer,
                allocator,
                "dns:///echo.test",
                new RequestTemplates(
                        false, "echo.test", "test/1", Codecs.defaults().acceptEncoding()),
                Codecs.defaults(),
                null,
                1 << 20,
                maxOutboundBytes,
                RetryLimits.DEFAULT,
                channel);
    }

    static Picker queueing() {
        return info -> PickResult.queue();
    }

    Picker readyPicker() {
        return info -> PickResult.of(ready);
    }

    static MethodDescriptor<byte[], byte[]> method(Marshaller<byte[]> request, Marshaller<byte[]> response) {
        return MethodDescriptor.unary("test.Echo/Say", request, response);
    }

    UnaryCall<byte[], byte[]> call(CallOptions options, EndRecorder end) {
        return new CallbackCall<>(dispatcher, ECHO, options, end);
    }

    /** Starts a call with default options. */
    EndRecorder start(CallOptions options) {
        EndRecorder end = new EndRecorder();
        call(options, end).start(REQUEST);
        return end;
    }

    /** Nothing of a call is left over. */
    void assertAllReleased() {
        assertThat(allocator.metric().usedDirectMemory()).as("request buffers").isZero();
        assertThat(allocator.metric().usedHeapMemory()).isZero();
        assertThat(pickers.waiting()).as("waiting calls").isZero();
        assertThat(transport.live).as("live streams").isEmpty();
    }

    /** A control plane that the test sets. */
    static final class FakeChannel implements ChannelView {
        ServiceConfig config = ServiceConfig.EMPTY;
        boolean resolved = true;

        @Override
        public ServiceConfig serviceConfig() {
            return config;
        }

        @Override
        public boolean isResolved() {
            return resolved;
        }

        @Override
        public String lastFailure() {
            return "the last connection failed";
        }
    }

    private SubConnection readySubConnection() {
        return readySubConnection(null);
    }

    /** A subchannel over the transport, which is READY; its server has that name, or none of its own. */
    SubConnection readySubConnection(@Nullable String authority) {
        SubConnection.Channel channel = new SubConnection.Channel() {
            @Override
            public ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener) {
                transport.listener = listener;
                return transport;
            }

            @Override
            public void resolveNow() {}

            @Override
            public @Nullable String authority() {
                return authority;
            }

            @Override
            public void onTransportClosed(ClientTransport closed) {}
        };
        SubConnection subConnection = new SubConnection(
                transport.remoteAddress(),
                Attributes.EMPTY,
                new AddressBackoff(),
                context,
                channel,
                (state, status) -> {});
        context.execute(subConnection::connect);
        transport.listener().onReady();
        return subConnection;
    }
}
