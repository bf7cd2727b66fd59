package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.DoneInfo;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.EndpointChild;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.resolver.Endpoint;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;

/**
 * One endpoint of {@code weighted_round_robin}, and the weight that its reports make for. In the channel's serialised
 * context, but for {@link #onDone}.
 */
final class WeightedEndpoint extends EndpointChild implements DoneListener {
    private final WeightedRoundRobinBalancer owner;
    private final LoadBalancer.Context reporting;
    private final ReportedWeight weight = new ReportedWeight();

    /**
     * What its pick_first has made last for each address, which it may still use: so never more than there are addresses,
     * however often a connection is lost whose server was never well.
     */
    private final Map<SocketAddress, SubConn> subConns = new HashMap<>();

    private long readySinceNs;

    WeightedEndpoint(WeightedRoundRobinBalancer owner, Endpoint endpoint) {
        super(owner, endpoint);
        this.owner = owner;
        this.reporting = owner.reportingTo(this);
    }

    /** What its pick_first works in. */
    LoadBalancer.Context reporting() {
        return reporting;
    }

    /** What a picker decides for it; while it is ready. */
    PickResult pickResult() {
        return owner.isOutOfBand() || result().subConn() == null ? result() : result().onDone(this);
    }

    ReportedWeight weight() {
        return weight;
    }

    /** For how long it has been ready. */
    long ageNs(long nowNs) {
        return nowNs - readySinceNs;
    }

    /** Its pick_first has made a subchannel. */
    void onSubConn(SubConn made) {
        subConns.put(made.address(), made);
        watch(made);
    }

    /** Out-of-band reports are wanted, or in another rhythm. */
    void watchAll() {
        subConns.values().forEach(this::watch);
    }

    private void watch(SubConn subConn) {
        if (owner.isOutOfBand()) {
            subConn.watchLoad(owner.policy().reportingPeriod(), this::onReport);
        }
    }

    /** A report that says nothing of use leaves the weight as it was (WR-2). Any thread. */
    private void onReport(LoadReport report) {
        double reported = owner.utilization().weightOf(report);
        if (reported > 0) {
            weight.onReport(reported, owner.nanoTime());
        }
    }

    @Override
    public void onDone(DoneInfo done) {
        LoadReport report = done.loadReport();
        if (report != null && !owner.isOutOfBand()) {
            onReport(report);
        }
    }

    /** When READY, pick_first has shut down all subchannels but one, and when IDLE, all of them (PF-6, PF-9). */
    @Override
    protected void onStateChanged(ConnectivityState before) {
        if (state() == ConnectivityState.READY && before != ConnectivityState.READY) {
            weight.onReady();
            readySinceNs = owner.nanoTime();
            SubConn ready = result().subConn();
            subConns.values().removeIf(subConn -> subConn != ready);
        } else if (state() == ConnectivityState.IDLE) {
            subConns.clear();
        }
    }
}
