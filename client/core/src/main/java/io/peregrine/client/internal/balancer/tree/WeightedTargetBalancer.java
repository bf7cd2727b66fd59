package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.StateCounts;
import io.peregrine.client.balancer.policy.WeightedTarget;
import io.peregrine.client.internal.balancer.ChildPolicy;
import io.peregrine.client.resolver.Endpoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Spreads calls over children by their weights (SPEC PR-2). */
public final class WeightedTargetBalancer implements LoadBalancer {
    private final Context context;
    private final Map<String, Target> targets = new LinkedHashMap<>();
    private WeightedTarget config;
    private boolean updating;

    /** A policy without endpoints. */
    public WeightedTargetBalancer(Context context, WeightedTarget config) {
        this.context = context;
        this.config = config;
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof WeightedTarget other) {
            config = other;
            return true;
        }
        return false;
    }

    @Override
    public boolean onEndpoints(List<Endpoint> endpoints) {
        List<Target> gone = removeUnwanted();
        try {
            boolean used = updateTargets(EndpointGroups.of(endpoints));
            update();
            return used;
        } finally {
            // Behind the new picker: until then calls may go to them.
            gone.forEach(ChildPolicy::close);
        }
    }

    /** Whether one of them has a use for its endpoints. */
    private boolean updateTargets(EndpointGroups groups) {
        boolean used = false;
        updating = true;
        try {
            for (Map.Entry<String, WeightedTarget.Target> wanted :
                    config.targets().entrySet()) {
                Target target = targets.computeIfAbsent(wanted.getKey(), unused -> new Target());
                target.weight = wanted.getValue().weight();
                target.use(wanted.getValue().policy());
                used |= target.onEndpoints(groups.of(wanted.getKey()));
            }
        } finally {
            updating = false;
        }
        return used;
    }

    private List<Target> removeUnwanted() {
        List<Target> gone = new ArrayList<>();
        targets.entrySet().removeIf(known -> {
            boolean unwanted = !config.targets().containsKey(known.getKey());
            if (unwanted) {
                gone.add(known.getValue());
            }
            return unwanted;
        });
        return gone;
    }

    @Override
    public void onResolverError(Status status) {
        if (targets.isEmpty()) {
            Status failed = new Status(StatusCode.UNAVAILABLE, status.message(), status.cause());
            context.updateState(ConnectivityState.TRANSIENT_FAILURE, FixedPicker.failing(failed));
        } else {
            List.copyOf(targets.values()).forEach(target -> target.onResolverError(status));
        }
    }

    @Override
    public void exitIdle() {
        List.copyOf(targets.values()).forEach(ChildPolicy::exitIdle);
    }

    @Override
    public void close() {
        List<Target> closing = List.copyOf(targets.values());
        targets.clear();
        closing.forEach(ChildPolicy::close);
    }

    private void update() {
        if (updating) {
            return;
        }
        StateCounts states = new StateCounts();
        targets.values().forEach(target -> states.add(target.shown));
        ConnectivityState state = states.aggregate(false);
        Picker picker = switch (state) {
            case READY, TRANSIENT_FAILURE -> pickerOf(state);
            case CONNECTING, IDLE -> FixedPicker.queueing();
            case SHUTDOWN -> throw new AssertionError(state);
        };
        if (state != ConnectivityState.IDLE) {
            wakeIdle();
        }
        context.updateState(state, picker);
    }

    /** A child that lost its connection gets no calls that would wake it, as long as others get them. */
    private void wakeIdle() {
        for (Target target : targets.values()) {
            if (target.state() == ConnectivityState.IDLE) {
                context.execute(target::exitIdle);
            }
        }
    }

    private Picker pickerOf(ConnectivityState state) {
        List<RandomPicker.Weighted> choices = new ArrayList<>();
        for (Target target : targets.values()) {
            if (target.shown == state) {
                choices.add(new RandomPicker.Weighted(target.picker(), target.weight));
            }
        }
        return RandomPicker.of(choices);
    }

    /** A child, whose failure counts until it is ready again or idle: one that goes on trying is no reason to wait. */
    private final class Target extends ChildPolicy {
        private int weight;
        private ConnectivityState shown = ConnectivityState.CONNECTING;

        Target() {
            super(context);
        }

        @Override
        protected void onChange() {
            if (shown != ConnectivityState.TRANSIENT_FAILURE || state() != ConnectivityState.CONNECTING) {
                shown = state();
            }
            update();
        }
    }
}
