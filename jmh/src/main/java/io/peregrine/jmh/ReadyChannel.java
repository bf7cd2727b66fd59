package io.peregrine.jmh;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.resolver.Attributes;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** A channel in which every subchannel is ready as soon as it connects: for the pickers of policies, on one thread. */
final class ReadyChannel implements LoadBalancer.Context {
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final RandomGenerator random = new SplittableRandom(1);
    private Picker picker = FixedPicker.queueing();

    /** What the policy published last, when all is done that it has put off. */
    Picker picker() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
        return picker;
    }

    @Override
    public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
        return new ReadySubConn(address, attributes, listener);
    }

    @Override
    public void updateState(ConnectivityState state, Picker newPicker) {
        picker = newPicker;
    }

    @Override
    public void resolveNow() {
        // There is no resolver.
    }

    /** Time stands still. */
    @Override
    public LoadBalancer.Timer schedule(Duration delay, Runnable task) {
        return () -> {};
    }

    @Override
    public synchronized void execute(Runnable task) {
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

    private final class ReadySubConn implements SubConn {
        private final SocketAddress address;
        private final Attributes attributes;
        private final Listener listener;
        private Listener health = (state, status) -> {};

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
            tasks.add(() -> {
                listener.onState(ConnectivityState.CONNECTING, Status.OK);
                listener.onState(ConnectivityState.READY, Status.OK);
                health.onState(ConnectivityState.READY, Status.OK);
            });
        }

        @Override
        public void shutdown() {
            // There is no connection.
        }

        @Override
        public void watchHealth(Listener newHealth) {
            health = newHealth;
        }

        @Override
        public void watchLoad(Duration period, LoadListener newLoadListener) {
            // There is no server.
        }
    }
}
