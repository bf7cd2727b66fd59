package io.peregrine.jmh.pick;

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
import io.grpc.LoadBalancerProvider;
import io.grpc.LoadBalancerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.SynchronizationContext;
import io.grpc.xds.WeightedRoundRobinLoadBalancerProvider;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * One of grpc-java's own policies without a channel: all its back ends are ready as soon as it asks for them, and
 * nothing is connected. So a pick is measured as the policy has made its picker.
 */
public final class GrpcJavaPolicy extends LoadBalancer.Helper {
    private static final int FIRST_PORT = 10_000;

    private final SynchronizationContext context = new SynchronizationContext((thread, thrown) -> {
        throw new IllegalStateException("the policy failed", thrown);
    });
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "grpc-java-policy");
        thread.setDaemon(true);
        return thread;
    });
    private ConnectivityState state = ConnectivityState.IDLE;
    private @Nullable SubchannelPicker picker;

    private GrpcJavaPolicy() {}

    /** The picker of the policy of that name with so many back ends, all of them ready. */
    public static SubchannelPicker pickerOf(String name, int backEnds) {
        GrpcJavaPolicy helper = new GrpcJavaPolicy();
        LoadBalancerProvider provider = providerOf(name);
        LoadBalancer policy = provider.newLoadBalancer(helper);
        Object config = provider.parseLoadBalancingPolicyConfig(Map.of()).getConfig();
        List<EquivalentAddressGroup> addresses = new ArrayList<>();
        for (int i = 0; i < backEnds; i++) {
            addresses.add(new EquivalentAddressGroup(InetSocketAddress.createUnresolved("back-end", FIRST_PORT + i)));
        }
        helper.context.execute(() -> policy.acceptResolvedAddresses(ResolvedAddresses.newBuilder()
                .setAddresses(addresses)
                .setLoadBalancingPolicyConfig(config)
                .build()));
        SubchannelPicker made = helper.picker;
        if (helper.state != ConnectivityState.READY || made == null) {
            throw new IllegalStateException(name + ": " + helper.state + ", " + made + " (expected: READY)");
        }
        return made;
    }

    /** That of weighted_round_robin is not registered where the benchmarks' jar leaves the rest of xDS out. */
    private static LoadBalancerProvider providerOf(String name) {
        return name.equals("weighted_round_robin")
                ? new WeightedRoundRobinLoadBalancerProvider()
                : Objects.requireNonNull(
                        LoadBalancerRegistry.getDefaultRegistry().getProvider(name), name);
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

    /** For health checks, which nobody asks for here, and for the weights, which are computed each second. */
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
        throw new UnsupportedOperationException("a policy needs no channel");
    }

    @Override
    public String getAuthority() {
        return "back-end";
    }

    /** For metrics, which nobody reads here. */
    @Override
    public String getChannelTarget() {
        return getAuthority();
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
