package io.peregrine.jmh.pick;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.resolver.Attributes;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
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
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final RandomGenerator random = new SplittableRandom(1);
    private ConnectivityState state = ConnectivityState.IDLE;
    private @Nullable Picker picker;

    private ReadyBackEnds() {}

    /** The picker of a policy with so many back ends; all of them that the prepared calls need are ready. */
    static Picker pickerOf(PickedPolicy picked, int backEnds) {
        ReadyBackEnds context = new ReadyBackEnds();
        LoadBalancer policy = ServiceConfig.parse("{\"loadBalancingConfig\": " + picked.config() + '}')
                .loadBalancing()
                .newBalancer(context);
        context.run(() -> policy.onEndpoints(picked.endpoints(backEnds)));
        // For a policy that connects when a call needs it.
        for (PickInfo call : PickedCalls.withKeys()) {
            context.run(() -> Objects.requireNonNull(context.picker).pick(call));
        }
        Picker made = context.picker;
        if (context.state != ConnectivityState.READY || made == null) {
            throw new IllegalStateException(picked + ": " + context.state + ", " + made + " (expected: READY)");
        }
        return made;
    }

    private void run(Runnable first) {
        tasks.add(first);
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
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
