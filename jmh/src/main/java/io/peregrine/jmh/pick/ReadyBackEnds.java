package io.peregrine.jmh.pick;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A policy without a channel: all its back ends are ready as soon as it asks for them, and nothing is connected. So a pick is
 * measured as the policy has made its picker. Timers never run: what a policy changes with time is as it was at the start.
 */
final class ReadyBackEnds implements LoadBalancer.Context {
    private static final int FIRST_PORT = 10_000;

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final RandomGenerator random = new SplittableRandom(1);
    private ConnectivityState state = ConnectivityState.IDLE;
    private @Nullable Picker picker;

    private ReadyBackEnds() {}

    /** The picker of a policy with so many back ends, all of them ready. */
    static Picker pickerOf(String loadBalancing, int backEnds) {
        ReadyBackEnds context = new ReadyBackEnds();
        LoadBalancer policy = ServiceConfig.parse("{\"loadBalancingConfig\": " + loadBalancing + '}')
                .loadBalancing()
                .newBalancer(context);
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < backEnds; i++) {
            endpoints.add(Endpoint.of(InetSocketAddress.createUnresolved("back-end", FIRST_PORT + i)));
        }
        context.tasks.add(() -> policy.onEndpoints(endpoints));
        for (Runnable task = context.tasks.poll(); task != null; task = context.tasks.poll()) {
            task.run();
        }
        Picker made = context.picker;
        if (context.state != ConnectivityState.READY || made == null) {
            throw new IllegalStateException(loadBalancing + ": " + context.state + ", " + made + " (expected: READY)");
        }
        return made;
    }

    @Override
    public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
        return new ReadySubConn(address, attributes, listener);
    }

    @Override
    public void updateState(ConnectivityState newState, Picker newPicker) {
        state = newState;
        picker = newPicker;
    }

    @Override
    public void resolveNow() {}

    @Override
    public LoadBalancer.Timer schedule(Duration delay, Runnable task) {
        return () -> {};
    }

    /** Before a pick is measured: afterwards nobody runs what a picker wants done. */
    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    /** Ready, and in good health, when a connection is asked for. */
    private final class ReadySubConn implements SubConn {
        private final SocketAddress address;
        private final Attributes attributes;
        private final Listener listener;
        private @Nullable Listener healthListener;

        ReadySubConn(SocketAddress address, Attributes attributes, Listener listener) {
            this.address = address;
            this.attributes = attributes;
            this.listener = listener;
        }

        @Override
        public SocketAddress address() {
            return address;
        }

        @Override
        public Attributes attributes() {
            return attributes;
        }

        @Override
        public void connect() {
            execute(() -> {
                listener.onState(ConnectivityState.READY, Status.OK);
                if (healthListener != null) {
                    Objects.requireNonNull(healthListener).onState(ConnectivityState.READY, Status.OK);
                }
            });
        }

        @Override
        public void shutdown() {}

        @Override
        public void watchHealth(Listener newHealthListener) {
            healthListener = newHealthListener;
        }

        @Override
        public void watchLoad(Duration period, LoadListener newLoadListener) {}

        @Override
        public String toString() {
            return address.toString();
        }
    }
}
