package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.balancer.policy.ZonePreference;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Keeps calls in the nearest zones as long as enough of their endpoints are ready (SPEC EX-4; {@link ZonePreference} has the
 * formula). Each zone has a child; those of a distance are made when the nearer ones cannot take all calls.
 */
public final class ZonePreferenceBalancer implements LoadBalancer {
    /** The own zone, the own region, the rest. */
    private static final int DISTANCES = 3;

    /** What rounding may leave of all calls. */
    private static final double NOTHING = 1e-9;

    private static final Locality UNKNOWN = Locality.ofZone("");

    private final Context context;
    private final Map<Locality, Zone> zones = new LinkedHashMap<>();
    private ZonePreference config;
    private Map<Locality, List<Endpoint>> endpoints = Map.of();
    private boolean updating;
    private boolean closed;
    private @Nullable Shares published;

    /** A policy without endpoints. */
    public ZonePreferenceBalancer(Context context, ZonePreference config) {
        this.context = context;
        this.config = config;
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof ZonePreference other) {
            config = other;
            return true;
        }
        return false;
    }

    @Override
    public boolean onEndpoints(List<Endpoint> all) {
        endpoints = byZone(all);
        List<Zone> gone = new ArrayList<>();
        try {
            updateZones(gone);
            if (all.isEmpty()) {
                fail(Status.of(StatusCode.UNAVAILABLE, "name resolution produced zero addresses"));
            } else {
                update();
            }
        } finally {
            // Behind the new picker: until then calls may go to them.
            gone.forEach(Zone::close);
        }
        return !all.isEmpty();
    }

    private void updateZones(List<Zone> gone) {
        updating = true;
        try {
            for (Map.Entry<Locality, Zone> known : List.copyOf(zones.entrySet())) {
                List<Endpoint> its = endpoints.get(known.getKey());
                if (its == null) {
                    zones.remove(known.getKey());
                    gone.add(known.getValue());
                } else {
                    known.getValue().update(its);
                }
            }
        } finally {
            updating = false;
        }
    }

    @Override
    public void onResolverError(Status status) {
        if (zones.isEmpty()) {
            fail(new Status(StatusCode.UNAVAILABLE, status.message(), status.cause()));
        } else {
            List.copyOf(zones.values()).forEach(zone -> zone.onResolverError(status));
        }
    }

    @Override
    public void exitIdle() {
        List.copyOf(zones.values()).forEach(Zone::exitIdle);
    }

    @Override
    public void close() {
        closed = true;
        List<Zone> closing = List.copyOf(zones.values());
        zones.clear();
        closing.forEach(Zone::close);
    }

    /** Publishes who gets how many of the calls, if that has changed. */
    private void update() {
        if (updating || closed || endpoints.isEmpty()) {
            return;
        }
        updating = true;
        try {
            Shares shares = shares();
            if (!shares.equals(published)) {
                published = shares;
                context.updateState(shares.state, shares.picker());
            }
        } finally {
            updating = false;
        }
    }

    private Shares shares() {
        List<RandomPicker.Weighted> choices = new ArrayList<>();
        double rest = 1;
        boolean mayStart = true;
        Zone idle = null;
        for (int distance = 0; distance < DISTANCES && rest > NOTHING; distance++) {
            List<Zone> near = zonesAt(distance, mayStart);
            rest -= share(near, rest, choices);
            for (Zone zone : near) {
                mayStart &= !zone.hasTime();
                if (zone.state() == ConnectivityState.IDLE && idle == null) {
                    idle = zone;
                    mayStart = false;
                }
            }
        }
        if (choices.isEmpty()) {
            return idle == null ? unready() : new Shares(ConnectivityState.IDLE, idle.unwrapped(), List.of());
        }
        if (idle != null) {
            // Others get its calls, so none will wake it.
            context.execute(idle::exitIdle);
        }
        return new Shares(ConnectivityState.READY, null, choices);
    }

    /** Adds the zones that are ready, with what they keep of {@code rest}; returns how much that is. */
    private double share(List<Zone> near, double rest, List<RandomPicker.Weighted> choices) {
        int ready = 0;
        int failed = 0;
        for (Zone zone : near) {
            ready += zone.weight();
            failed += zone.tally.failed();
        }
        if (ready == 0) {
            return 0;
        }
        double kept = rest * Math.min(1, 100.0 * ready / ((double) (ready + failed) * config.spilloverPercent()));
        for (Zone zone : near) {
            if (zone.weight() > 0) {
                choices.add(new RandomPicker.Weighted(zone.unwrapped(), kept * zone.weight() / ready));
            }
        }
        return kept;
    }

    /** Nobody can take calls: as the first that is connecting says, or else the nearest. */
    private Shares unready() {
        Zone said = null;
        for (int distance = 0; distance < DISTANCES; distance++) {
            for (Zone zone : zonesAt(distance, false)) {
                if (zone.state() == ConnectivityState.CONNECTING) {
                    return new Shares(ConnectivityState.CONNECTING, zone.unwrapped(), List.of());
                }
                said = said == null ? zone : said;
            }
        }
        Zone nearest = Objects.requireNonNull(said);
        return new Shares(nearest.state(), nearest.unwrapped(), List.of());
    }

    private List<Zone> zonesAt(int distance, boolean mayStart) {
        List<Zone> found = new ArrayList<>();
        endpoints.forEach((where, its) -> {
            if (distanceOf(where) == distance) {
                Zone zone = zones.get(where);
                if (zone == null && mayStart) {
                    zone = start(where, its);
                }
                if (zone != null) {
                    found.add(zone);
                }
            }
        });
        return found;
    }

    private Zone start(Locality where, List<Endpoint> its) {
        Zone zone = new Zone();
        zones.put(where, zone);
        zone.beginTime();
        zone.update(its);
        return zone;
    }

    private int distanceOf(Locality where) {
        Locality own = config.own();
        if (!own.region().isEmpty() && !own.region().equals(where.region())) {
            return 2;
        }
        if (own.zone().equals(where.zone())) {
            return 0;
        }
        return own.region().isEmpty() ? 2 : 1;
    }

    private void fail(Status status) {
        published = null;
        context.updateState(ConnectivityState.TRANSIENT_FAILURE, FixedPicker.failing(status));
    }

    private static Map<Locality, List<Endpoint>> byZone(List<Endpoint> all) {
        Map<Locality, List<Endpoint>> zones = new LinkedHashMap<>();
        for (Endpoint endpoint : all) {
            Locality where = endpoint.attributes().get(Endpoint.LOCALITY, UNKNOWN);
            zones.computeIfAbsent(new Locality(where.region(), where.zone(), ""), unused -> new ArrayList<>())
                    .add(endpoint);
        }
        return zones;
    }

    /** What is published: a picker that decides for all calls, or several with the shares of each. */
    private record Shares(ConnectivityState state, @Nullable Picker single, List<RandomPicker.Weighted> choices) {
        Picker picker() {
            return single == null ? RandomPicker.of(choices) : single;
        }
    }

    /** A zone whose child has been made. */
    private final class Zone extends ChildPolicyInTime {
        private final ZoneTally tally = new ZoneTally(ZonePreferenceBalancer.this::update);
        private @Nullable Picker wrapped;
        private Picker unwrapped = FixedPicker.queueing();

        Zone() {
            super(context);
        }

        void update(List<Endpoint> its) {
            tally.describe(its);
            use(config.childPolicy());
            boolean unused = onEndpoints(its);
        }

        /** How many of its endpoints can take calls; at least 1 if its child says that it can. */
        int weight() {
            return state() == ConnectivityState.READY ? Math.max(1, tally.ready()) : 0;
        }

        /** The child's picker, with results for the channel; the same as long as the child's is. */
        Picker unwrapped() {
            if (wrapped != picker()) {
                wrapped = picker();
                unwrapped = UnwrappingPicker.over(picker());
            }
            return unwrapped;
        }

        @Override
        protected void onTime() {
            ZonePreferenceBalancer.this.update();
        }

        @Override
        public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
            return new ZoneSubConn(context, address, attributes, listener, tally.of(address));
        }
    }
}
