package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.EndpointBalancer;
import io.peregrine.client.balancer.EndpointChild;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.ForwardingContext;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets the endpoints that are ready take turns in proportion to their weights (SPEC 2.8.4). The weights are computed once in
 * each update period, by a timer that runs while more than one endpoint is ready. They become a new
 * {@link StrideScheduler} in the same picker; a new picker is published when the endpoints that are ready have changed.
 */
public final class WeightedRoundRobinBalancer extends EndpointBalancer<WeightedEndpoint> {
    private final WeightStatistics statistics = new WeightStatistics();

    /** Read by event loops, when a call has ended; volatile, since the reports that they bring go by the newest. */
    private volatile Settings settings;

    private List<PickResult> published = List.of();
    private List<WeightedEndpoint> scheduled = List.of();
    private @Nullable WeightedPicker picker;
    private LoadBalancer.@Nullable Timer timer;

    /** A policy and what is made of it. */
    private record Settings(WeightedRoundRobin policy, Utilization utilization) {
        static Settings of(WeightedRoundRobin policy) {
            return new Settings(policy, new Utilization(policy.utilizationMetrics(), policy.errorUtilizationPenalty()));
        }
    }

    /** A policy without endpoints. */
    public WeightedRoundRobinBalancer(Context context, WeightedRoundRobin policy) {
        super(context);
        this.settings = Settings.of(policy);
    }

    WeightedRoundRobin policy() {
        return settings.policy;
    }

    boolean isOutOfBand() {
        return settings.policy.isOutOfBand();
    }

    Utilization utilization() {
        return settings.utilization;
    }

    long nanoTime() {
        return context().nanoTime();
    }

    /** All but an end of reports out of band, which a subchannel cannot be told. */
    @Override
    public boolean tryReconfigure(LoadBalancingPolicy newPolicy) {
        if (!(newPolicy instanceof WeightedRoundRobin wanted) || (isOutOfBand() && !wanted.isOutOfBand())) {
            return false;
        }
        boolean otherReports = wanted.isOutOfBand() && !wanted.reportingPeriod().equals(outOfBandPeriod());
        settings = Settings.of(wanted);
        if (otherReports) {
            children().forEach(WeightedEndpoint::watchAll);
        }
        stopTimer();
        return true;
    }

    private @Nullable Duration outOfBandPeriod() {
        return isOutOfBand() ? policy().reportingPeriod() : null;
    }

    @Override
    protected WeightedEndpoint newChild(Endpoint endpoint) {
        return new WeightedEndpoint(this, endpoint);
    }

    /** What the pick_first of a child works in. */
    Context reportingTo(WeightedEndpoint child) {
        return new ReportingContext(child);
    }

    @Override
    protected Context contextOf(EndpointChild child) {
        return ((WeightedEndpoint) child).reporting();
    }

    @Override
    protected void update() {
        ConnectivityState state = aggregateState();
        if (state == ConnectivityState.READY) {
            publishReady();
            return;
        }
        forgetReady();
        context()
                .updateState(
                        state, state == ConnectivityState.TRANSIENT_FAILURE ? failingPicker() : FixedPicker.queueing());
    }

    @Override
    protected void onNoEndpoints() {
        forgetReady();
    }

    private void forgetReady() {
        stopTimer();
        published = List.of();
        scheduled = List.of();
        picker = null;
    }

    private void publishReady() {
        List<WeightedEndpoint> ready = ready();
        // Of undressed results, which are the same objects as long as the connections are.
        List<PickResult> results = new ArrayList<>(ready.size() + 1);
        ready.forEach(child -> results.add(child.result()));
        WeightedPicker current = picker;
        if (current != null && isSameChoice(results, published) && current.isOutOfBand() == isOutOfBand()) {
            startTimer();
            // The scheduled ones stay in the order of the picker's results, whatever the resolver's is.
            reschedule();
            return;
        }
        scheduled = ready;
        startTimer();
        published = results;
        PickResult[] picks = ready.stream().map(WeightedEndpoint::pickResult).toArray(PickResult[]::new);
        WeightedPicker made = new WeightedPicker(picks, newScheduler(), isOutOfBand());
        picker = made;
        // Last, for it may close this policy.
        context().updateState(ConnectivityState.READY, made);
    }

    private void startTimer() {
        if (scheduled.size() < 2) {
            stopTimer();
        } else if (timer == null) {
            timer = context().schedule(policy().weightUpdatePeriod(), this::onUpdatePeriod);
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void onUpdatePeriod() {
        timer = null;
        reschedule();
        startTimer();
    }

    private void reschedule() {
        WeightedPicker current = picker;
        if (current != null) {
            StrideScheduler next = newScheduler();
            if (!next.isLike(current.scheduler())) {
                current.scheduler(next);
            }
        }
    }

    /** Of those that are {@link #scheduled} (WR-5). */
    private StrideScheduler newScheduler() {
        long nowNs = nanoTime();
        double[] weights = usableWeights(nowNs);
        if (Arrays.stream(weights).filter(weight -> weight > 0).limit(2).count() < 2) {
            statistics.onFallback();
            weights = new double[weights.length];
            Arrays.setAll(weights, i -> scheduled.get(i).endpoint().weight());
        }
        double[] slowStartFactors = slowStartFactors(nowNs);
        statistics.tell(policy().observer());
        return StrideScheduler.of(weights, slowStartFactors);
    }

    /** Those by reports; 0 where they do not count. */
    private double[] usableWeights(long nowNs) {
        long expirationNs = policy().weightExpiration().toNanos();
        long blackoutNs = policy().blackoutPeriod().toNanos();
        double[] weights = new double[scheduled.size()];
        statistics.begin(weights);
        for (int i = 0; i < weights.length; i++) {
            ReportedWeight reported = scheduled.get(i).weight();
            switch (reported.use(nowNs, expirationNs, blackoutNs)) {
                case USABLE -> weights[i] = reported.weight();
                case STALE -> statistics.onStale();
                case NOT_YET_USABLE -> statistics.onNotYetUsable();
                default -> throw new AssertionError();
            }
        }
        return weights;
    }

    private double[] slowStartFactors(long nowNs) {
        double[] factors = new double[scheduled.size()];
        Arrays.fill(factors, 1);
        SlowStart slowStart = policy().slowStart();
        for (int i = 0; slowStart != null && i < factors.length; i++) {
            factors[i] = slowStart.factor(scheduled.get(i).ageNs(nowNs));
            if (factors[i] < 1) {
                statistics.onSlowStart();
            }
        }
        return factors;
    }

    @Override
    public void close() {
        stopTimer();
        super.close();
    }

    /** What an endpoint's pick_first works in: its subchannels are to report, if that is wanted (WR-7). */
    private final class ReportingContext extends ForwardingContext {
        private final WeightedEndpoint child;

        ReportingContext(WeightedEndpoint child) {
            this.child = child;
        }

        @Override
        protected Context delegate() {
            return context();
        }

        @Override
        public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
            SubConn made = super.createSubConn(address, attributes, listener);
            child.onSubConn(made);
            return made;
        }
    }
}
