package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.policy.Priority;
import io.peregrine.client.resolver.Endpoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Uses the first of its children that is READY or IDLE (gRFC A56, SPEC PR-1). A child is made when those before it have
 * failed or had their time, and is closed when one before it is good again.
 *
 * <p>A new first child does not take calls from one that is READY until it is READY itself.
 */
public final class PriorityBalancer implements LoadBalancer {
    private final Context context;
    private final Map<String, Level> levels = new LinkedHashMap<>();
    private Priority config;
    private EndpointGroups endpoints = EndpointGroups.NONE;
    private boolean choosing;
    private boolean closed;
    private @Nullable ConnectivityState publishedState;
    private @Nullable Picker publishedPicker;

    /** A policy without endpoints. */
    public PriorityBalancer(Context context, Priority config) {
        this.context = context;
        this.config = config;
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof Priority other) {
            config = other;
            return true;
        }
        return false;
    }

    /** Of no use if the child that was started, or each of them, says so. */
    @Override
    public boolean onEndpoints(List<Endpoint> all) {
        endpoints = EndpointGroups.of(all);
        List<Level> gone = removeUnless(config.priorities()::contains);
        try {
            updateLevels();
            choose();
        } finally {
            // Behind the new picker: until then calls may go to them.
            gone.forEach(Level::close);
        }
        return levels.values().stream().anyMatch(level -> level.served);
    }

    private void updateLevels() {
        choosing = true;
        try {
            for (Map.Entry<String, Level> level : List.copyOf(levels.entrySet())) {
                level.getValue().update(level.getKey());
            }
        } finally {
            choosing = false;
        }
    }

    @Override
    public void onResolverError(Status status) {
        if (levels.isEmpty()) {
            Status failed = new Status(StatusCode.UNAVAILABLE, status.message(), status.cause());
            context.updateState(ConnectivityState.TRANSIENT_FAILURE, FixedPicker.failing(failed));
        } else {
            List.copyOf(levels.values()).forEach(level -> level.onResolverError(status));
        }
    }

    @Override
    public void exitIdle() {
        List.copyOf(levels.values()).forEach(Level::exitIdle);
    }

    @Override
    public void close() {
        closed = true;
        removeUnless(name -> false).forEach(Level::close);
    }

    /** What children publish meanwhile is seen when they have all been looked at. */
    private void choose() {
        if (choosing || closed) {
            return;
        }
        choosing = true;
        try {
            Level used = chosen();
            publish(used);
            // Behind the new picker, which may have closed this policy with all that it has.
            if (used.isUsable() && !closed) {
                closeBelow(used);
            }
        } finally {
            choosing = false;
        }
    }

    private Level chosen() {
        boolean mayStart = true;
        Level connecting = null;
        Level last = null;
        for (String name : config.priorities()) {
            Level level = levels.get(name);
            if (level == null) {
                if (!mayStart) {
                    continue;
                }
                level = start(name);
            }
            if (level.isUsable()) {
                return level;
            }
            mayStart &= !level.hasTime();
            if (connecting == null && level.state() == ConnectivityState.CONNECTING) {
                connecting = level;
            }
            last = level;
        }
        return Objects.requireNonNull(connecting == null ? last : connecting);
    }

    private Level start(String name) {
        Level level = new Level();
        levels.put(name, level);
        level.beginTime();
        level.update(name);
        return level;
    }

    private void closeBelow(Level used) {
        List<String> order = config.priorities();
        int rank = 0;
        while (levels.get(order.get(rank)) != used) {
            rank++;
        }
        List<String> kept = order.subList(0, rank + 1);
        removeUnless(kept::contains).forEach(Level::close);
    }

    private List<Level> removeUnless(Predicate<String> kept) {
        List<Level> gone = new ArrayList<>();
        for (String name : List.copyOf(levels.keySet())) {
            if (!kept.test(name)) {
                gone.add(Objects.requireNonNull(levels.remove(name)));
            }
        }
        return gone;
    }

    private void publish(Level used) {
        ConnectivityState state = used.state();
        if (state != publishedState || used.picker() != publishedPicker) {
            publishedState = state;
            publishedPicker = used.picker();
            context.updateState(state, used.picker());
        }
    }

    /** A child that was started. */
    private final class Level extends ChildPolicyInTime {
        private boolean ignoringResolveNow;
        private boolean served;

        Level() {
            super(context);
        }

        void update(String name) {
            Priority.Child child = Objects.requireNonNull(config.children().get(name));
            ignoringResolveNow = child.ignoreReresolutionRequests();
            use(child.policy());
            served = onEndpoints(endpoints.of(name));
        }

        @Override
        protected void onTime() {
            choose();
        }

        @Override
        public void resolveNow() {
            if (!ignoringResolveNow) {
                super.resolveNow();
            }
        }
    }
}
