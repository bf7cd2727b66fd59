package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.resolver.Endpoint;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A policy that says what the test says. One called "broken" cannot be made, and one called "hasty" is READY while it is
 * made.
 */
record ScriptedPolicy(String name, int version, Journal journal) implements LoadBalancingPolicy {
    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        if (name.equals("broken")) {
            throw new IllegalArgumentException("broken");
        }
        Scripted made = new Scripted(this, context);
        journal.made.add(made);
        if (name.equals("hasty")) {
            Picker unused = made.report(ConnectivityState.READY);
        }
        return made;
    }

    /** The balancers that were made, in order. */
    static final class Journal {
        final Deque<Scripted> made = new ArrayDeque<>();

        @Override
        public boolean equals(Object other) {
            return other instanceof Journal;
        }

        @Override
        public int hashCode() {
            return 1;
        }
    }

    /** A balancer of that policy. */
    static final class Scripted implements LoadBalancer {
        final List<String> events = new ArrayList<>();
        int closes;
        private final Context context;
        private ScriptedPolicy policy;
        ConnectivityState reported = ConnectivityState.CONNECTING;
        private Picker picker = FixedPicker.queueing();

        Scripted(ScriptedPolicy policy, Context context) {
            this.policy = policy;
            this.context = context;
        }

        ScriptedPolicy policy() {
            return policy;
        }

        boolean isClosed() {
            return closes > 0;
        }

        Picker picker() {
            return picker;
        }

        /** Publishes a new picker. */
        Picker report(ConnectivityState state) {
            reported = state;
            picker = FixedPicker.queueing();
            context.updateState(state, picker);
            return picker;
        }

        @Override
        public boolean tryReconfigure(LoadBalancingPolicy wanted) {
            if (!(wanted instanceof ScriptedPolicy scripted) || !scripted.name.equals(policy.name)) {
                return false;
            }
            policy = scripted;
            return true;
        }

        @Override
        public boolean onEndpoints(List<Endpoint> endpoints) {
            events.add("endpoints " + endpoints.size());
            return true;
        }

        @Override
        public void onResolverError(Status status) {
            events.add("error " + status.message());
        }

        @Override
        public void exitIdle() {
            events.add("exitIdle");
        }

        @Override
        public void close() {
            closes++;
        }
    }
}
