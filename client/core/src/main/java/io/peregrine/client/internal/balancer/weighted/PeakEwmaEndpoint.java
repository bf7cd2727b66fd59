package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.DoneInfo;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.EndpointChild;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.resolver.Endpoint;

/**
 * One endpoint of {@code peak_ewma}. In the channel's serialised context, but for what says otherwise.
 */
final class PeakEwmaEndpoint extends EndpointChild implements DoneListener {
    private final PeakEwmaBalancer owner;
    private final PeakLatency latency = new PeakLatency();

    private long readySinceNs;

    // As of the last tick.
    private boolean waited;
    private long finishedThen;
    private long silentSinceNs;

    PeakEwmaEndpoint(PeakEwmaBalancer owner, Endpoint endpoint) {
        super(owner, endpoint);
        this.owner = owner;
    }

    /** What a picker decides for it, which then counts the call in {@link #latency}; while it is ready. */
    PickResult pickResult() {
        return result().subConn() == null ? result() : result().onDone(this);
    }

    /** The latency of its calls. */
    PeakLatency latency() {
        return latency;
    }

    @Override
    public void onDone(DoneInfo done) {
        if (!done.isSent()) {
            latency.onNotSent();
            return;
        }
        latency.onFinish();
        PeakEwmaSettings settings = owner.settings();
        long nowNs = owner.nanoTime();
        long elapsedNs = done.elapsedNs();
        StatusCode code = done.status().code();
        if (code == StatusCode.CANCELLED) {
            latency.onPartialSample((double) elapsedNs, nowNs);
        } else if (isServersFailure(code)) {
            latency.onSample(
                    Math.max((double) elapsedNs, settings.failureNs(done.timeoutNs())), nowNs, settings.decayNs());
        } else {
            latency.onSample((double) elapsedNs, nowNs, settings.decayNs());
        }
    }

    /** A code by which a server that works answers a request that asks for it is no failure. */
    private static boolean isServersFailure(StatusCode code) {
        return switch (code) {
            case UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS -> true;
            default -> false;
        };
    }

    /** Time has passed. */
    void onTick(long nowNs, PeakEwmaSettings settings) {
        refreshShare(nowNs, settings);
        long finishedNow = latency.finished();
        boolean silent = waited && finishedNow == finishedThen;
        if (!silent) {
            silentSinceNs = nowNs;
        }
        finishedThen = finishedNow;
        waited = latency.underWay() > 0;
        if (silent) {
            // What was under way at the last tick still is, for nothing has ended.
            latency.onSilence((double) (nowNs - silentSinceNs), nowNs, settings.penaltyNs());
        } else {
            latency.onIdle(nowNs, settings.decayNs());
        }
    }

    private void refreshShare(long nowNs, PeakEwmaSettings settings) {
        latency.share(endpoint().weight() * settings.slowStartFactor(nowNs - readySinceNs));
    }

    @Override
    protected void onEndpointChanged(Endpoint before) {
        refreshShare(owner.nanoTime(), owner.settings());
    }

    @Override
    protected void onStateChanged(ConnectivityState before) {
        if (state() == ConnectivityState.READY && before != ConnectivityState.READY) {
            long nowNs = owner.nanoTime();
            readySinceNs = nowNs;
            waited = false;
            latency.forget();
            refreshShare(nowNs, owner.settings());
        }
    }
}
