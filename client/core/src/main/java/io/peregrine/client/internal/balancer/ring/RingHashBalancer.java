package io.peregrine.client.internal.balancer.ring;

import io.netty.util.AsciiString;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.EndpointBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.resolver.Endpoint;
import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * Sends calls of the same key to the same endpoint (SPEC 2.8.5). Endpoints connect when a call needs them (RH-9); only while
 * the policy has nothing to offer does it connect one of its own accord (RH-8).
 */
public final class RingHashBalancer extends EndpointBalancer<RingChild> {
    private final Runnable recover = this::recover;
    private RingHash config;
    private @Nullable AsciiString header;
    private RingChild[] byKey = {};
    private String[] keys = {};
    private int[] weights = {};
    private @Nullable Ring ring;
    private boolean recovering;

    /** A policy without endpoints. */
    public RingHashBalancer(Context context, RingHash config) {
        super(context);
        this.config = config;
        this.header = headerOf(config);
    }

    /** The ring is made anew with the endpoints that follow. */
    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof RingHash other) {
            config = other;
            header = headerOf(other);
            ring = null;
            return true;
        }
        return false;
    }

    @Override
    protected RingChild newChild(Endpoint endpoint) {
        return new RingChild(this, endpoint);
    }

    @Override
    protected boolean connectsAtOnce() {
        return false;
    }

    /** Makes a ring if the one there is has other keys or weights. */
    @Override
    protected void onEndpointsChanged() {
        RingChild[] sorted = children().toArray(RingChild[]::new);
        Arrays.sort(sorted, Comparator.comparing(RingChild::hashKey));
        String[] sortedKeys = Arrays.stream(sorted).map(RingChild::hashKey).toArray(String[]::new);
        int[] sortedWeights = Arrays.stream(sorted)
                .mapToInt(child -> child.endpoint().weight())
                .toArray();
        if (ring == null || !Arrays.equals(keys, sortedKeys) || !Arrays.equals(weights, sortedWeights)) {
            keys = sortedKeys;
            weights = sortedWeights;
            ring = Ring.of(keys, weights, config.minRingSize(), config.maxRingSize());
        }
        byKey = sorted;
    }

    @Override
    protected void onNoEndpoints() {
        byKey = new RingChild[0];
        ring = null;
    }

    @Override
    protected void update() {
        Ring current = ring;
        if (current == null) {
            return;
        }
        ConnectivityState state = state();
        boolean anyConnecting = count(ConnectivityState.CONNECTING) > 0;
        boolean allFailed = count(ConnectivityState.TRANSIENT_FAILURE) == byKey.length;
        if (!anyConnecting && (state == ConnectivityState.CONNECTING || state == ConnectivityState.TRANSIENT_FAILURE)) {
            recoverSoon();
        }
        context().updateState(state, new RingPicker(context(), header, current, byKey, anyConnecting, allFailed));
    }

    /** One endpoint is enough: which one each call needs, its pick will say. */
    @Override
    public void exitIdle() {
        recoverSoon();
    }

    /** RH-7. One endpoint that has failed says little of the others; two are taken for a sign. */
    private ConnectivityState state() {
        int failed = count(ConnectivityState.TRANSIENT_FAILURE);
        if (count(ConnectivityState.READY) > 0) {
            return ConnectivityState.READY;
        }
        if (failed >= 2) {
            return ConnectivityState.TRANSIENT_FAILURE;
        }
        if (count(ConnectivityState.CONNECTING) > 0 || (failed == 1 && byKey.length > 1)) {
            return ConnectivityState.CONNECTING;
        }
        return count(ConnectivityState.IDLE) > 0 ? ConnectivityState.IDLE : ConnectivityState.TRANSIENT_FAILURE;
    }

    /** Not at once: it may be an endpoint's own report that made it necessary. */
    private void recoverSoon() {
        if (!recovering) {
            recovering = true;
            context().execute(recover);
        }
    }

    /** RH-8: connects an endpoint at a random place, so that clients in the same plight do not all choose the same. */
    private void recover() {
        recovering = false;
        Ring current = ring;
        if (current == null || count(ConnectivityState.READY) > 0 || count(ConnectivityState.CONNECTING) > 0) {
            return;
        }
        int at = context().random().nextInt(current.size());
        for (int walked = 0; walked < current.size(); walked++) {
            RingChild child = byKey[current.endpointAt(at)];
            if (child.state() == ConnectivityState.IDLE) {
                child.connect();
                return;
            }
            at = current.after(at);
        }
    }

    private static @Nullable AsciiString headerOf(RingHash config) {
        return config.requestHashHeader().isEmpty() ? null : new AsciiString(config.requestHashHeader());
    }
}
