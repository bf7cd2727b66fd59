package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A policy: makes subchannels for the resolver's endpoints, connects them, and publishes a {@link Picker}. All its
 * methods, and all events it listens to, run in the channel's serialised context, so it needs no locks.
 */
public interface LoadBalancer {
    /**
     * What the channel, or a parent policy, does for a policy. Used in the serialised context only, but for
     * {@link #execute} and {@link #nanoTime}.
     */
    interface Context {
        /**
         * Makes a subchannel, which is IDLE.
         *
         * @param attributes of the address' endpoint
         */
        SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener);

        /**
         * Publishes the state and the picker. A policy that is IDLE, and publishes {@link FixedPicker#queueing()} with it, is
         * asked to {@link LoadBalancer#exitIdle} when a call comes; any other picker has to see to that itself.
         */
        void updateState(ConnectivityState state, Picker picker);

        /** Asks the resolver again (SC-4). */
        void resolveNow();

        /** Runs a task in the serialised context after a delay. */
        Timer schedule(Duration delay, Runnable task);

        /** Runs a task in the serialised context, now or soon. Any thread: for pickers that see something to be done. */
        void execute(Runnable task);

        /** The time in nanoseconds, as {@link System#nanoTime()} counts it. Any thread. */
        long nanoTime();

        /** Randomness for decisions in the serialised context; pickers have their own. */
        RandomGenerator random();
    }

    /** A task that has been scheduled. */
    interface Timer {
        /** Keeps it from running, if it has not. */
        void cancel();
    }

    /** The resolver's endpoints are now these; false if they are of no use, so that the resolver tries again. */
    boolean onEndpoints(List<Endpoint> endpoints);

    /**
     * Takes another config in place; false if this balancer cannot, and is to be replaced. The endpoints follow.
     *
     * @param policy not equal to the one that made this balancer; perhaps of another name
     */
    default boolean tryReconfigure(LoadBalancingPolicy policy) {
        return false;
    }

    /** The resolver failed (RS-2). */
    void onResolverError(Status status);

    /** Begin to connect if idle. */
    void exitIdle();

    /** Shut down; the subchannels too. */
    void close();
}
