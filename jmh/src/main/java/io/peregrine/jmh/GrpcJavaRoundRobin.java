package io.peregrine.jmh;

import io.grpc.Attributes;
import io.grpc.ChannelLogger;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.CreateSubchannelArgs;
import io.grpc.LoadBalancer.ResolvedAddresses;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.LoadBalancer.SubchannelStateListener;
import io.grpc.LoadBalancerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.SynchronizationContext;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * grpc-java's own round_robin policy without a channel: all its back ends are ready as soon as it asks for them, and
 * nothing is connected. So a pick is measured as the policy has made its picker.
 */
final class GrpcJavaRoundRobin extends LoadBalancer.Helper {
    private static final int FIRST_PORT = 10_000;

    private final SynchronizationContext context = new SynchronizationContext((thread, thrown) -> {
        throw new IllegalStateException("round_robin failed", thrown);
    });
    private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(0);
    private ConnectivityState state = ConnectivityState.IDLE;
    private @Nullable SubchannelPicker picker;

    private GrpcJavaRoundRobin() {}

    /** The picker of a policy with so many back ends, all of them ready. */
    static SubchannelPicker pickerOf(int backEnds) {
        GrpcJavaRoundRobin helper = new GrpcJavaRoundRobin();
        LoadBalancer policy = Objects.requireNonNull(
                        LoadBalancerRegistry.getDefaultRegistry().getProvider("round_robin"))
                .newLoadBalancer(helper);
        List<EquivalentAddressGroup> addresses = new ArrayList<>();
        for (int i = 0; i < backEnds; i++) {
            addresses.add(new EquivalentAddressGroup(InetSocketAddress.createUnresolved("back-end", FIRST_PORT + i)));
        }
        helper.context.execute(() -> policy.acceptResolvedAddresses(
                ResolvedAddresses.newBuilder().setAddresses(addresses).build()));
        SubchannelPicker made = helper.picker;
        if (helper.state != ConnectivityState.READY || made == null) {
            throw new IllegalStateException("round_robin: " + helper.state + ", " + made + " (expected: READY)");
        }
        return made;
    }

    @Override
    public void updateBalancingState(ConnectivityState newState, SubchannelPicker newPicker) {
        state = newState;
        picker = newPicker;
    }

    @Override
    public Subchannel createSubchannel(CreateSubchannelArgs args) {
        return new ReadySubchannel(args);
    }

    @Override
    public SynchronizationContext getSynchronizationContext() {
        return context;
    }

    /** For health checks, which nobody asks for here. */
    @Override
    public ScheduledExecutorService getScheduledExecutorService() {
        return scheduler;
    }

    @Override
    public ChannelLogger getChannelLogger() {
        return new SilentLogger();
    }

    @Override
    public ManagedChannel createOobChannel(EquivalentAddressGroup addresses, String authority) {
        throw new UnsupportedOperationException("round_robin needs no channel");
    }

    @Override
    public String getAuthority() {
        return "back-end";
    }

    /** Ready when a connection is asked for. */
    private final class ReadySubchannel extends Subchannel {
        private final CreateSubchannelArgs args;
        private @Nullable SubchannelStateListener listener;

        ReadySubchannel(CreateSubchannelArgs args) {
            this.args = args;
        }

        @Override
        public void start(SubchannelStateListener newListener) {
            listener = newListener;
        }

        @Override
        public void requestConnection() {
            SubchannelStateListener told = Objects.requireNonNull(listener);
            context.execute(() -> told.onSubchannelState(ConnectivityStateInfo.forNonError(ConnectivityState.READY)));
        }

        @Override
        public void shutdown() {}

        @Override
        public List<EquivalentAddressGroup> getAllAddresses() {
            return args.getAddresses();
        }

        @Override
        public ChannelLogger getChannelLogger() {
            return new SilentLogger();
        }

        @Override
        public Attributes getAttributes() {
            return args.getAttributes();
        }
    }

    private static final class SilentLogger extends ChannelLogger {
        @Override
        public void log(ChannelLogLevel level, String message) {}

        @Override
        public void log(ChannelLogLevel level, String format, Object... args) {}
    }
}
