package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A policy that can be another one: it replaces its child when a config names another, and keeps the old one in use until
 * the new one has something to offer, or the old one has nothing (gRFC A56, SPEC LB-3). What a child says after it was
 * replaced is ignored.
 */
public final class GracefulSwitch implements LoadBalancer {
    private final Context context;
    private @Nullable Child current;
    private @Nullable Child pending;
    private boolean closed;

    /** Without a policy until {@link #switchTo}. */
    public GracefulSwitch(Context context) {
        this.context = context;
    }

    /**
     * Uses that policy: the child that waits to be used, or else the one in use, if it can take the config, else a new
     * child. The endpoints follow.
     *
     * @throws IllegalStateException if this policy is closed
     */
    public void switchTo(LoadBalancingPolicy policy) {
        if (closed) {
            throw new IllegalStateException("policy: closed (expected: open)");
        }
        Child waiting = pending;
        if (waiting != null && waiting.takes(policy)) {
            return;
        }
        Child used = current;
        if (used != null && used.takes(policy)) {
            pending = null;
            if (waiting != null) {
                waiting.balancer.close();
            }
            return;
        }
        replaceBy(policy);
    }

    /** As {@link #switchTo}, and makes a new child whatever the newest one is: of a policy that has failed. */
    public void replaceBy(LoadBalancingPolicy policy) {
        // First, since it may throw: then all stays as it is.
        Child made = new Child(policy);
        Child replaced = pending;
        if (current == null) {
            current = made;
        } else {
            pending = made;
        }
        if (replaced != null) {
            replaced.balancer.close();
        }
        if (made.reported) {
            onState(made);
        }
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        switchTo(policy);
        return true;
    }

    @Override
    public boolean onEndpoints(List<Endpoint> endpoints) {
        return required(newest()).balancer.onEndpoints(endpoints);
    }

    @Override
    public void onResolverError(Status status) {
        required(newest()).balancer.onResolverError(status);
    }

    /** Both: the one in use may have lost its connection while the other one connects. */
    @Override
    public void exitIdle() {
        Child used = current;
        Child next = pending;
        if (used != null) {
            used.balancer.exitIdle();
        }
        if (next != null) {
            next.balancer.exitIdle();
        }
    }

    @Override
    public void close() {
        closed = true;
        Child used = current;
        Child next = pending;
        current = null;
        pending = null;
        if (used != null) {
            used.balancer.close();
        }
        if (next != null) {
            next.balancer.close();
        }
    }

    private @Nullable Child newest() {
        return pending == null ? current : pending;
    }

    private static Child required(@Nullable Child child) {
        if (child == null) {
            throw new IllegalStateException("policy: none (expected: switchTo() first)");
        }
        return child;
    }

    private void onState(Child child) {
        if (closed) {
            return;
        }
        if (child == pending) {
            Child used = current;
            if (child.state != ConnectivityState.CONNECTING || used == null || used.state != ConnectivityState.READY) {
                swap();
            }
        } else if (child == current) {
            if (pending != null && child.state != ConnectivityState.READY) {
                swap();
            } else {
                context.updateState(child.state, child.picker);
            }
        }
    }

    private void swap() {
        Child replaced = current;
        Child next = required(pending);
        current = next;
        pending = null;
        context.updateState(next.state, next.picker);
        if (replaced != null) {
            replaced.balancer.close();
        }
    }

    /** A policy in use, or one that is to be. */
    private final class Child extends ForwardingContext {
        private LoadBalancingPolicy policy;
        private final LoadBalancer balancer;
        private ConnectivityState state = ConnectivityState.CONNECTING;
        private Picker picker = FixedPicker.queueing();

        /** Whether it has said anything, perhaps while it was made. */
        private boolean reported;

        Child(LoadBalancingPolicy policy) {
            this.policy = policy;
            this.balancer = policy.newBalancer(this);
        }

        boolean takes(LoadBalancingPolicy wanted) {
            if (wanted.equals(policy) || balancer.tryReconfigure(wanted)) {
                policy = wanted;
                return true;
            }
            return false;
        }

        @Override
        protected Context delegate() {
            return context;
        }

        @Override
        public void updateState(ConnectivityState newState, Picker newPicker) {
            state = newState;
            picker = newPicker;
            reported = true;
            // What a child says that was replaced concerns nobody.
            onState(this);
        }
    }
}
