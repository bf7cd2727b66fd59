package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.EndpointBalancer;
import io.peregrine.client.balancer.EndpointChild;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends each call to the endpoint of two that costs less by its latency and the calls under way there (SPEC EX-1). A timer
 * lets time pass for endpoints, a hundred times in a decay time, so that neither picks nor the ends of calls need more than
 * one look at a clock; it runs while more than one endpoint is ready. A single one is picked without any of this.
 */
public final class PeakEwmaBalancer extends EndpointBalancer<PeakEwmaEndpoint> {
    /** Read by event loops when a call has ended; volatile, and replaced when the config changes. */
    private volatile PeakEwmaSettings settings;

    private List<PickResult> published = List.of();
    private List<PeakEwmaEndpoint> ready = List.of();
    private double publishedPenaltyNs;
    private LoadBalancer.@Nullable Timer timer;

    /** A policy without endpoints. */
    public PeakEwmaBalancer(Context context, PeakEwma policy) {
        super(context);
        this.settings = PeakEwmaSettings.of(policy);
    }

    PeakEwmaSettings settings() {
        return settings;
    }

    long nanoTime() {
        return context().nanoTime();
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy newPolicy) {
        if (!(newPolicy instanceof PeakEwma wanted)) {
            return false;
        }
        settings = PeakEwmaSettings.of(wanted);
        stopTimer();
        return true;
    }

    @Override
    protected PeakEwmaEndpoint newChild(Endpoint endpoint) {
        return new PeakEwmaEndpoint(this, endpoint);
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
        ready = List.of();
        published = List.of();
    }

    private void publishReady() {
        ready = ready();
        List<PickResult> results = ready.stream().map(EndpointChild::result).toList();
        double penaltyNs = settings.penaltyNs();
        startTimer();
        if (!isSameChoice(results, published) || penaltyNs != publishedPenaltyNs) {
            published = results;
            publishedPenaltyNs = penaltyNs;
            Picker picker =
                    results.size() == 1 ? new FixedPicker(results.get(0)) : new PeakEwmaPicker(ready, penaltyNs);
            // Last, for it may close this policy.
            context().updateState(ConnectivityState.READY, picker);
        }
    }

    private void startTimer() {
        if (ready.size() < 2) {
            stopTimer();
        } else if (timer == null) {
            timer = context().schedule(settings.tick(), this::onTick);
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void onTick() {
        timer = null;
        long nowNs = nanoTime();
        PeakEwmaSettings current = settings;
        ready.forEach(child -> child.onTick(nowNs, current));
        startTimer();
    }

    @Override
    public void close() {
        stopTimer();
        super.close();
    }
}
