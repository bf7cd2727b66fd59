package io.peregrine.client.internal.balancer.outlier;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.ForwardingContext;
import io.peregrine.client.balancer.GracefulSwitch;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Counts how the calls of its child's subchannels end, and ejects outliers once in each interval (SPEC 2.8.8). What is kept
 * for an endpoint lives as long as the resolver names it, with the same set of addresses.
 */
public final class OutlierDetectionBalancer implements LoadBalancer {
    /** Longer intervals than a timer can take count as this. */
    private static final Duration MAX_INTERVAL = Duration.ofDays(3650);

    private final Context context;
    private final GracefulSwitch child = new GracefulSwitch(new ChildContext());
    private final Set<WatchedSubConn> subConns = new LinkedHashSet<>();
    private OutlierDetection config;
    private LoggedObserver observer;
    private Map<Set<SocketAddress>, Host> hosts = new LinkedHashMap<>();
    private Map<SocketAddress, Host> byAddress = new HashMap<>();
    private @Nullable Timer timer;
    private long roundStartNs;
    private boolean counting;
    private boolean closed;
    private @Nullable ConnectivityState childState;
    private @Nullable Picker childPicker;

    /** A policy without endpoints. */
    public OutlierDetectionBalancer(Context context, OutlierDetection config) {
        this.context = context;
        this.config = config;
        this.observer = new LoggedObserver(config.observer());
        child.switchTo(config.childPolicy());
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof OutlierDetection other) {
            config = other;
            observer = new LoggedObserver(other.observer());
            child.switchTo(other.childPolicy());
            return true;
        }
        return false;
    }

    @Override
    public boolean onEndpoints(List<Endpoint> endpoints) {
        describe(endpoints);
        applyConfig();
        boolean used = child.onEndpoints(endpoints);
        // Behind the child, so that an ejected endpoint that is going does not seem well for its last moment.
        for (WatchedSubConn subConn : List.copyOf(subConns)) {
            subConn.belongTo(byAddress.get(subConn.address()));
        }
        return used;
    }

    @Override
    public void onResolverError(Status status) {
        child.onResolverError(status);
    }

    @Override
    public void exitIdle() {
        child.exitIdle();
    }

    @Override
    public void close() {
        closed = true;
        stopTimer();
        child.close();
    }

    /** The child has shut the subchannel down. */
    void forget(WatchedSubConn subConn) {
        subConns.remove(subConn);
    }

    /** Keeps what is known of endpoints that are still there. An address of two endpoints counts for the first. */
    private void describe(List<Endpoint> endpoints) {
        Map<Set<SocketAddress>, Host> next = new LinkedHashMap<>(endpoints.size() * 2);
        Map<SocketAddress, Host> nextByAddress = new HashMap<>(endpoints.size() * 2);
        for (Endpoint endpoint : endpoints) {
            Set<SocketAddress> addresses = Set.copyOf(endpoint.addresses());
            Host known = hosts.get(addresses);
            Host host = next.computeIfAbsent(addresses, unused -> known == null ? new Host(addresses) : known);
            addresses.forEach(address -> nextByAddress.putIfAbsent(address, host));
        }
        hosts = next;
        byAddress = nextByAddress;
    }

    /** OD-8: a config that ejects nobody counts nothing; another interval holds from the start of the round on. */
    private void applyConfig() {
        boolean ejecting = config.successRate() != null || config.failurePercentage() != null;
        boolean wasCounting = counting;
        counting = ejecting;
        stopTimer();
        if (ejecting) {
            if (!wasCounting) {
                roundStartNs = context.nanoTime();
                hosts.values().forEach(Host::turn);
            }
            scheduleRound();
        } else {
            hosts.values().forEach(this::absolve);
        }
        if (wasCounting != ejecting) {
            publish();
        }
    }

    private void absolve(Host host) {
        boolean wasEjected = host.isEjected();
        host.absolve();
        if (wasEjected) {
            observer.onReturned(host.addresses());
        }
    }

    private void scheduleRound() {
        Duration interval = config.interval().compareTo(MAX_INTERVAL) < 0 ? config.interval() : MAX_INTERVAL;
        long elapsedNs = context.nanoTime() - roundStartNs;
        timer = context.schedule(Duration.ofNanos(Math.max(0, interval.toNanos() - elapsedNs)), this::onRound);
    }

    private void onRound() {
        roundStartNs = context.nanoTime();
        new EjectionRound(config, context.random(), observer, hosts.values(), roundStartNs).run();
        // What an ejection makes the child publish may close this policy.
        if (!closed) {
            scheduleRound();
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void publish() {
        ConnectivityState state = childState;
        Picker picker = childPicker;
        if (state != null && picker != null) {
            context.updateState(state, WatchingPicker.over(picker, counting));
        }
    }

    /** What the child works in. */
    private final class ChildContext extends ForwardingContext {
        @Override
        protected Context delegate() {
            return context;
        }

        @Override
        public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
            WatchedSubConn subConn =
                    new WatchedSubConn(OutlierDetectionBalancer.this, context, address, attributes, listener);
            subConns.add(subConn);
            subConn.belongTo(byAddress.get(address));
            return subConn;
        }

        @Override
        public void updateState(ConnectivityState state, Picker picker) {
            childState = state;
            childPicker = picker;
            publish();
        }
    }
}
