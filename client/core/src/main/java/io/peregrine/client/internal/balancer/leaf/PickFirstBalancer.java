package io.peregrine.client.internal.balancer.leaf;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The policy {@code pick_first} (SPEC 2.8.2): tries the addresses in order, 250 ms apart (Happy Eyeballs, PF-5), and
 * sends every call to the first that connects.
 *
 * <p>A first pass goes through the list once. When each address has failed, the channel is in TRANSIENT_FAILURE and
 * stays there until one connects (PF-8), while every address is tried again after its own backoff (PF-7).
 */
public final class PickFirstBalancer implements LoadBalancer {
    private static final Duration ATTEMPT_DELAY = Duration.ofMillis(250);

    private final Context context;
    private final boolean watchesHealth;
    private boolean shuffling;
    private final Map<SocketAddress, Candidate> candidates = new LinkedHashMap<>();
    private List<SocketAddress> addresses = List.of();
    private Map<SocketAddress, Attributes> attributes = Map.of();
    private ConnectivityState state = ConnectivityState.IDLE;
    private boolean stickyFailure;
    private boolean updated;
    private List<Candidate> pass = List.of();
    private int position;
    private int failures;
    private @Nullable Candidate selected;
    private @Nullable Timer attemptTimer;
    private Status lastFailure = Status.OK;

    private PickFirstBalancer(Context context, boolean shuffling, boolean watchesHealth) {
        this.context = context;
        this.shuffling = shuffling;
        this.watchesHealth = watchesHealth;
    }

    /** The policy of a channel, which looks at connections only (PF-11). */
    public static LoadBalancer alone(Context context, PickFirst config) {
        return new PickFirstBalancer(context, config.shuffleAddressList(), false);
    }

    /** The policy of one endpoint under another policy: READY means that the server is in good health, too. */
    public static LoadBalancer ofEndpoint(Context context) {
        return new PickFirstBalancer(context, false, true);
    }

    /** Holds from the next answer of the resolver on. */
    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof PickFirst config) {
            shuffling = config.shuffleAddressList();
            return true;
        }
        return false;
    }

    @Override
    public boolean onEndpoints(List<Endpoint> endpoints) {
        attributes = flatten(inOrderOfTrial(endpoints));
        addresses = interleaveFamilies(attributes.keySet());
        if (addresses.isEmpty()) {
            dropAll();
            stickyFailure = false;
            fail(Status.of(StatusCode.UNAVAILABLE, "name resolution produced zero addresses"));
            return false;
        }
        Candidate ready = selected;
        if (ready != null && attributes.containsKey(ready.subConn.address())) {
            return true;
        }
        boolean first = !updated;
        updated = true;
        selected = null;
        reconcile();
        switch (state) {
            case READY, CONNECTING -> startPass(true);
            case TRANSIENT_FAILURE -> startPass(!stickyFailure);
            case IDLE -> {
                if (first) {
                    startPass(true);
                }
            }
            case SHUTDOWN -> throw new IllegalStateException("event: endpoints, state: SHUTDOWN");
            default -> throw new AssertionError(state);
        }
        return true;
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
        dropAll();
        state = ConnectivityState.SHUTDOWN;
    }

    private void startPass(boolean reportConnecting) {
        cancelAttemptTimer();
        pass = new ArrayList<>(candidates.values());
        position = 0;
        failures = 0;
        pass.forEach(candidate -> candidate.failed = false);
        if (reportConnecting) {
            report(ConnectivityState.CONNECTING, FixedPicker.queueing());
        }
        tryFromPosition();
    }

    /** Starts the address at the position, or counts it out if it is still in its backoff (PF-5). */
    private void tryFromPosition() {
        while (position < pass.size()) {
            Candidate candidate = pass.get(position);
            switch (candidate.state) {
                case IDLE -> {
                    armAttemptTimer();
                    candidate.subConn.connect();
                    return;
                }
                case CONNECTING -> {
                    armAttemptTimer();
                    return;
                }
                case TRANSIENT_FAILURE -> {
                    countFailure(candidate);
                    position++;
                }
                case READY, SHUTDOWN ->
                    throw new IllegalStateException("event: first pass, subchannel: " + candidate.state);
                default -> throw new AssertionError(candidate.state);
            }
        }
        endPassIfAllFailed();
    }

    private void armAttemptTimer() {
        if (position + 1 < pass.size()) {
            attemptTimer = context.schedule(ATTEMPT_DELAY, () -> {
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

    private void onState(Candidate candidate, ConnectivityState newState, Status status) {
        if (candidates.get(candidate.subConn.address()) != candidate) {
            return;
        }
        candidate.state = newState;
        if (candidate == selected) {
            onSelectedLost();
            return;
        }
        switch (newState) {
            case READY -> select(candidate);
            case TRANSIENT_FAILURE -> onAttemptFailed(candidate, status);
            case IDLE -> {
                // Its backoff is over. Order no longer matters once the first pass has failed (PF-7).
                if (state == ConnectivityState.TRANSIENT_FAILURE && isPassOver()) {
                    candidate.subConn.connect();
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
        boolean current = position < pass.size() && pass.get(position) == candidate;
        if (isPassOver()) {
            onLaterFailure();
            return;
        }
        countFailure(candidate);
        if (current) {
            cancelAttemptTimer();
            position++;
            tryFromPosition();
        } else {
            endPassIfAllFailed();
        }
    }

    /** After the first pass: a new error for the callers, and a new look-up, every time all have failed once more. */
    private void onLaterFailure() {
        failures++;
        if (failures % Math.max(1, pass.size()) == 0) {
            fail(lastFailure);
            context.resolveNow();
        }
    }

    private boolean isPassOver() {
        return position >= pass.size() && pass.stream().allMatch(candidate -> candidate.failed);
    }

    private void countFailure(Candidate candidate) {
        candidate.failed = true;
    }

    private void endPassIfAllFailed() {
        if (!isPassOver()) {
            return;
        }
        failures = pass.size();
        stickyFailure = true;
        fail(lastFailure);
        context.resolveNow();
        for (Candidate candidate : pass) {
            if (candidate.state == ConnectivityState.IDLE) {
                candidate.subConn.connect();
            }
        }
    }

    private void select(Candidate winner) {
        cancelAttemptTimer();
        for (Candidate candidate : List.copyOf(candidates.values())) {
            if (candidate != winner) {
                drop(candidate);
            }
        }
        selected = winner;
        stickyFailure = false;
        if (watchesHealth) {
            report(ConnectivityState.CONNECTING, FixedPicker.queueing());
        } else {
            reportReady(winner);
        }
    }

    private void reportReady(Candidate winner) {
        report(ConnectivityState.READY, new FixedPicker(PickResult.of(winner.subConn)));
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

    /** PF-9: the next call, or {@link #exitIdle}, makes a new pass over fresh subchannels. */
    private void onSelectedLost() {
        dropAll();
        reconcile();
        context.resolveNow();
        report(ConnectivityState.IDLE, FixedPicker.queueing());
    }

    private void fail(Status status) {
        report(ConnectivityState.TRANSIENT_FAILURE, FixedPicker.failing(status));
    }

    private void report(ConnectivityState newState, Picker picker) {
        state = newState;
        context.updateState(newState, picker);
    }

    private void reconcile() {
        for (Candidate candidate : List.copyOf(candidates.values())) {
            if (!attributes.containsKey(candidate.subConn.address())) {
                drop(candidate);
            }
        }
        Map<SocketAddress, Candidate> kept = new LinkedHashMap<>(candidates);
        candidates.clear();
        for (SocketAddress address : addresses) {
            Candidate known = kept.get(address);
            candidates.put(address, known == null ? new Candidate(address) : known);
        }
    }

    private void dropAll() {
        cancelAttemptTimer();
        selected = null;
        pass = List.of();
        position = 0;
        List.copyOf(candidates.values()).forEach(this::drop);
    }

    private void drop(Candidate candidate) {
        candidates.remove(candidate.subConn.address());
        candidate.subConn.shutdown();
    }

    /** PF-2: in a random order, in which one of twice the weight is twice as likely to be the first (gRFC A113). */
    private List<Endpoint> inOrderOfTrial(List<Endpoint> endpoints) {
        if (!shuffling) {
            return endpoints;
        }
        List<Draw> draws = new ArrayList<>(endpoints.size());
        for (Endpoint endpoint : endpoints) {
            // The logarithm of the key u^(1/weight): the same order, without the loss of digits of large weights.
            draws.add(new Draw(Math.log(1 - context.random().nextDouble()) / endpoint.weight(), endpoint));
        }
        draws.sort(Comparator.comparingDouble(Draw::key).reversed());
        return draws.stream().map(Draw::endpoint).toList();
    }

    private static Map<SocketAddress, Attributes> flatten(List<Endpoint> endpoints) {
        Map<SocketAddress, Attributes> distinct = new LinkedHashMap<>();
        for (Endpoint endpoint : endpoints) {
            endpoint.addresses().forEach(address -> distinct.putIfAbsent(address, endpoint.attributes()));
        }
        return distinct;
    }

    /** PF-2: families take turns, in the order of their first appearance, so that a dead one costs one attempt. */
    private static List<SocketAddress> interleaveFamilies(Set<SocketAddress> addresses) {
        Map<String, Queue<SocketAddress>> families = new LinkedHashMap<>();
        for (SocketAddress address : addresses) {
            families.computeIfAbsent(family(address), unused -> new ArrayDeque<>())
                    .add(address);
        }
        List<SocketAddress> interleaved = new ArrayList<>(addresses.size());
        while (interleaved.size() < addresses.size()) {
            for (Queue<SocketAddress> family : families.values()) {
                SocketAddress next = family.poll();
                if (next != null) {
                    interleaved.add(next);
                }
            }
        }
        return interleaved;
    }

    private static String family(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            return inet.getAddress() instanceof Inet6Address ? "ipv6" : "ipv4";
        }
        return address.getClass().getName();
    }

    /** An endpoint and what it has drawn: the greatest key is tried first. */
    private record Draw(double key, Endpoint endpoint) {}

    /** A subchannel and what this policy knows of it. */
    private final class Candidate implements SubConn.Listener {
        final SubConn subConn;
        ConnectivityState state = ConnectivityState.IDLE;
        boolean failed;

        Candidate(SocketAddress address) {
            this.subConn = context.createSubConn(address, attributes.getOrDefault(address, Attributes.EMPTY), this);
            if (watchesHealth) {
                subConn.watchHealth((health, status) -> onHealth(this, health, status));
            }
        }

        @Override
        public void onState(ConnectivityState newState, Status status) {
            PickFirstBalancer.this.onState(this, newState, status);
        }
    }
}
