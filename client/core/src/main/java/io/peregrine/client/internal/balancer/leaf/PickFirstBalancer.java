package io.peregrine.client.internal.balancer.leaf;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The policy {@code pick_first} (SPEC 2.8.2): tries the addresses in order, one a little after the other (Happy Eyeballs,
 * PF-5), and sends every call to the first that connects.
 *
 * <p>A first pass goes through the list once. When each address has failed, the channel is in TRANSIENT_FAILURE and
 * stays there until one connects (PF-8), while every address is tried again after its own backoff (PF-7). An address has
 * a subchannel from its first attempt on; so a long list costs nothing while its first address works.
 *
 * <p>Whatever is told through {@link #report} may close this policy before it returns: it was replaced.
 */
public final class PickFirstBalancer implements LoadBalancer {
    private final Context context;
    private final boolean watchesHealth;
    private PickFirst config;

    /** The addresses in the order of trial. */
    private Map<SocketAddress, Candidate> candidates = new LinkedHashMap<>();

    private ConnectivityState state = ConnectivityState.IDLE;
    private boolean stickyFailure;
    private boolean updated;

    private List<Candidate> pass = List.of();
    private int position;

    /** How many of the pass have not failed in it. */
    private int pending;

    /** Whether an attempt has failed since the pass began; if not, all are in a backoff, which the resolver cannot help. */
    private boolean tried;

    /** Failures since the pass was over. */
    private int laterFailures;

    private @Nullable Candidate selected;
    private @Nullable Timer attemptTimer;
    private Status lastFailure = Status.OK;

    private PickFirstBalancer(Context context, PickFirst config, boolean watchesHealth) {
        this.context = context;
        this.config = config;
        this.watchesHealth = watchesHealth;
    }

    /** The policy of a channel, which looks at connections only (PF-11). */
    public static LoadBalancer alone(Context context, PickFirst config) {
        return new PickFirstBalancer(context, config, false);
    }

    /** The policy of one endpoint under another policy: READY means that the server is in good health, too. */
    public static LoadBalancer ofEndpoint(Context context) {
        return new PickFirstBalancer(context, PickFirst.withAttemptDelay(PickFirst.DEFAULT_DELAY), true);
    }

    /** Holds from the next answer of the resolver, and the next attempt, on. */
    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof PickFirst newConfig) {
            config = newConfig;
            return true;
        }
        return false;
    }

    @Override
    public boolean onEndpoints(List<Endpoint> endpoints) {
        if (state == ConnectivityState.SHUTDOWN) {
            throw new IllegalStateException("event: endpoints, state: SHUTDOWN");
        }
        reconcile(TrialOrder.of(endpoints, config.shuffleAddressList(), context.random()));
        if (candidates.isEmpty()) {
            resetPass();
            selected = null;
            stickyFailure = false;
            fail(Status.of(StatusCode.UNAVAILABLE, "name resolution produced zero addresses"));
            return false;
        }
        if (selected != null && !selected.dropped) {
            return true;
        }
        boolean first = !updated;
        updated = true;
        selected = null;
        switch (state) {
            case READY, CONNECTING -> startPass(true);
            case TRANSIENT_FAILURE -> startPass(!stickyFailure);
            case IDLE -> {
                if (first) {
                    startPass(true);
                }
            }
            default -> throw new AssertionError(state);
        }
        return true;
    }

    /** Drops those that are not in the list any more, or to be connected to otherwise (SC-8); keeps the others. */
    private void reconcile(Map<SocketAddress, Attributes> addresses) {
        Map<SocketAddress, Candidate> before = candidates;
        Map<SocketAddress, Candidate> next = new LinkedHashMap<>(addresses.size() * 2);
        addresses.forEach((address, attributes) -> {
            Candidate known = before.get(address);
            if (known != null && known.fits(attributes)) {
                before.remove(address);
                known.attributes = attributes;
                next.put(address, known);
            } else {
                next.put(address, new Candidate(address, attributes));
            }
        });
        candidates = next;
        before.values().forEach(Candidate::drop);
    }

    @Override
    public void onResolverError(Status status) {
        if (candidates.isEmpty() || state == ConnectivityState.TRANSIENT_FAILURE) {
            fail(new Status(StatusCode.UNAVAILABLE, status.message(), status.cause()));
        }
    }

    @Override
    public void exitIdle() {
        if (state == ConnectivityState.IDLE && !candidates.isEmpty()) {
            startPass(true);
        }
    }

    @Override
    public void close() {
        state = ConnectivityState.SHUTDOWN;
        resetPass();
        selected = null;
        candidates.values().forEach(Candidate::drop);
        candidates = new LinkedHashMap<>();
    }

    // ---- The first pass --------------------------------------------------------------------------------------

    private void startPass(boolean reportConnecting) {
        resetPass();
        pass = new ArrayList<>(candidates.values());
        pending = pass.size();
        pass.forEach(candidate -> candidate.failed = false);
        if (reportConnecting) {
            report(ConnectivityState.CONNECTING, FixedPicker.queueing());
        }
        // Empty if the report has closed this policy.
        if (!pass.isEmpty()) {
            tryFromPosition();
        }
    }

    private void resetPass() {
        cancelAttemptTimer();
        pass = List.of();
        position = 0;
        pending = 0;
        tried = false;
        laterFailures = 0;
    }

    /** Starts the address at the position, or counts it out if it is still in its backoff (PF-5). */
    private void tryFromPosition() {
        for (; position < pass.size(); position++) {
            Candidate candidate = pass.get(position);
            if (candidate.state == ConnectivityState.TRANSIENT_FAILURE) {
                countFailure(candidate);
            } else if (!candidate.failed) {
                armAttemptTimer();
                candidate.connect();
                return;
            }
        }
        endPassIfAllFailed();
    }

    private void armAttemptTimer() {
        if (position + 1 < pass.size()) {
            attemptTimer = context.schedule(config.attemptDelay(), () -> {
                attemptTimer = null;
                position++;
                tryFromPosition();
            });
        }
    }

    private void cancelAttemptTimer() {
        if (attemptTimer != null) {
            attemptTimer.cancel();
            attemptTimer = null;
        }
    }

    private void countFailure(Candidate candidate) {
        if (!candidate.failed) {
            candidate.failed = true;
            pending--;
        }
    }

    private boolean isPassOver() {
        return position >= pass.size() && pending == 0;
    }

    private void endPassIfAllFailed() {
        if (!isPassOver()) {
            return;
        }
        stickyFailure = true;
        if (tried) {
            context.resolveNow();
        }
        fail(lastFailure);
        // None if the report has closed this policy.
        for (Candidate candidate : pass) {
            candidate.connect();
        }
    }

    // ---- From the subchannels --------------------------------------------------------------------------------

    private void onState(Candidate candidate, ConnectivityState newState, Status status) {
        if (candidate.dropped) {
            return;
        }
        candidate.state = newState;
        if (candidate == selected) {
            if (newState != ConnectivityState.READY) {
                onSelectedLost(candidate, status);
            }
            return;
        }
        switch (newState) {
            case READY -> select(candidate);
            case TRANSIENT_FAILURE -> onAttemptFailed(candidate, status);
            case IDLE -> {
                // Its backoff is over. Order no longer matters once the first pass has failed (PF-7).
                if (state == ConnectivityState.TRANSIENT_FAILURE && isPassOver()) {
                    candidate.connect();
                }
            }
            case CONNECTING, SHUTDOWN -> {
                // Nothing to decide.
            }
            default -> throw new AssertionError(newState);
        }
    }

    private void onAttemptFailed(Candidate candidate, Status status) {
        lastFailure = status;
        if (isPassOver()) {
            onLaterFailure();
            return;
        }
        tried = true;
        countFailure(candidate);
        if (position < pass.size() && pass.get(position) == candidate) {
            cancelAttemptTimer();
            position++;
            tryFromPosition();
        } else {
            endPassIfAllFailed();
        }
    }

    /** After the first pass: a new error for the callers, and a new look-up, every time all have failed once more. */
    private void onLaterFailure() {
        laterFailures++;
        if (laterFailures % candidates.size() == 0) {
            context.resolveNow();
            fail(lastFailure);
        }
    }

    private void select(Candidate winner) {
        resetPass();
        candidates.replaceAll((address, candidate) -> candidate == winner ? winner : candidate.unconnected());
        selected = winner;
        stickyFailure = false;
        if (watchesHealth) {
            report(ConnectivityState.CONNECTING, FixedPicker.queueing());
        } else {
            reportReady(winner);
        }
    }

    private void reportReady(Candidate winner) {
        SubConn subConn = Objects.requireNonNull(winner.subConn);
        report(ConnectivityState.READY, new FixedPicker(PickResult.of(subConn)));
    }

    /** PF-11: while one is selected, its health is what the endpoint's state is. */
    private void onHealth(Candidate candidate, ConnectivityState health, Status status) {
        if (candidate != selected) {
            return;
        }
        switch (health) {
            case READY -> reportReady(candidate);
            case TRANSIENT_FAILURE -> fail(status);
            case CONNECTING -> report(ConnectivityState.CONNECTING, FixedPicker.queueing());
            case IDLE, SHUTDOWN ->
                throw new IllegalStateException(
                        "event: health, state: " + health + " (expected: READY, CONNECTING or TRANSIENT_FAILURE)");
            default -> throw new AssertionError(health);
        }
    }

    /**
     * PF-9: gone, it waits for a call, or for {@link #exitIdle}, to make a new pass over fresh subchannels. A subchannel
     * that keeps trying by itself (gRFC A105) is part of a new pass at once.
     */
    private void onSelectedLost(Candidate lost, Status status) {
        selected = null;
        context.resolveNow();
        if (lost.state == ConnectivityState.IDLE) {
            candidates.replaceAll((address, candidate) -> candidate.unconnected());
            report(ConnectivityState.IDLE, new IdlePicker());
        } else {
            if (lost.state == ConnectivityState.TRANSIENT_FAILURE) {
                lastFailure = status;
            }
            startPass(true);
        }
    }

    private void fail(Status status) {
        report(ConnectivityState.TRANSIENT_FAILURE, FixedPicker.failing(status));
    }

    private void report(ConnectivityState newState, Picker picker) {
        if (state != ConnectivityState.SHUTDOWN) {
            state = newState;
            context.updateState(newState, picker);
        }
    }

    /** An address of the list and, once it was tried, its subchannel. */
    private final class Candidate implements SubConn.Listener {
        final SocketAddress address;
        Attributes attributes;

        @Nullable
        SubConn subConn;

        ConnectivityState state = ConnectivityState.IDLE;
        boolean failed;
        boolean dropped;

        Candidate(SocketAddress address, Attributes attributes) {
            this.address = address;
            this.attributes = attributes;
        }

        boolean fits(Attributes wanted) {
            return attributes.equals(wanted) || attributes.ofConnection().equals(wanted.ofConnection());
        }

        void connect() {
            SubConn known = subConn;
            if (known == null) {
                known = context.createSubConn(address, attributes, this);
                subConn = known;
                if (watchesHealth) {
                    known.watchHealth((health, status) -> onHealth(this, health, status));
                }
            }
            known.connect();
        }

        void drop() {
            dropped = true;
            if (subConn != null) {
                subConn.shutdown();
            }
        }

        /** The same address without a subchannel. */
        Candidate unconnected() {
            if (subConn == null) {
                return this;
            }
            drop();
            return new Candidate(address, attributes);
        }

        @Override
        public void onState(ConnectivityState newState, Status status) {
            PickFirstBalancer.this.onState(this, newState, status);
        }
    }

    /** Lets calls wait, and the first of them wake the policy. */
    private final class IdlePicker implements Picker {
        private final AtomicBoolean woken = new AtomicBoolean();

        @Override
        public PickResult pick(PickInfo info) {
            if (!woken.get() && woken.compareAndSet(false, true)) {
                context.execute(PickFirstBalancer.this::exitIdle);
            }
            return PickResult.queue();
        }
    }
}
