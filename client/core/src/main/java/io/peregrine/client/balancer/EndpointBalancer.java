package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.Endpoint;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The base of policies that spread calls over endpoints: keeps a {@code pick_first} for each endpoint as they come and go
 * (gRFC A61, SPEC LB-4), so that a policy only says what it publishes. Endpoints are told apart by their sets of addresses.
 *
 * <p>A subclass makes its {@linkplain #newChild children}, and publishes in {@link #update()}. That runs at the end of
 * {@link #onEndpoints}, and once after any number of changes of its children's states, behind what the serialised context has to
 * do at the moment: so ten thousand endpoints that are lost together cost one picker and not ten thousand.
 *
 * @param <C> what the policy keeps for each endpoint
 */
public abstract class EndpointBalancer<C extends EndpointChild> implements LoadBalancer {
    private final Context context;
    private final StateCounts states = new StateCounts();
    private Map<Set<SocketAddress>, C> children = new LinkedHashMap<>();
    private boolean updateScheduled;
    private boolean closed;

    /** A policy without endpoints. */
    protected EndpointBalancer(Context context) {
        this.context = context;
    }

    /** Makes a child. */
    protected abstract C newChild(Endpoint endpoint);

    /**
     * Publishes what the children amount to, by {@link Context#updateState}, as its last act: to publish may close this
     * policy. There is at least one child.
     */
    protected abstract void update();

    /**
     * Whether children connect as soon as they appear, and again when they are lost (LB-5); default true. Otherwise nothing
     * connects but by {@link EndpointChild#connect()}. Always the same.
     */
    protected boolean connectsAtOnce() {
        return true;
    }

    /** What a child's pick_first works in; default the policy's own context. */
    protected Context contextOf(EndpointChild child) {
        return context;
    }

    /** What the channel does for this policy. */
    protected final Context context() {
        return context;
    }

    /** The children, in the resolver's order. */
    protected final Collection<C> children() {
        return Collections.unmodifiableCollection(children.values());
    }

    /** Those children that calls may go to, in the resolver's order. */
    protected final List<C> ready() {
        List<C> ready = new ArrayList<>(count(ConnectivityState.READY));
        for (C child : children.values()) {
            if (child.isReady()) {
                ready.add(child);
            }
        }
        return ready;
    }

    /** How many children are in that state. */
    protected final int count(ConnectivityState state) {
        return states.of(state);
    }

    /**
     * What the children amount to: READY if one is, else CONNECTING if one is or soon will be, else IDLE if one is, else
     * TRANSIENT_FAILURE (SPEC CH-7, RR-1).
     */
    protected final ConnectivityState aggregateState() {
        return states.aggregate(connectsAtOnce());
    }

    /** Fails calls with what the children in TRANSIENT_FAILURE say, in turns (LB-6, RR-3). There is at least one. */
    protected final Picker failingPicker() {
        return Rotation.over(children.values().stream()
                .filter(child -> child.state() == ConnectivityState.TRANSIENT_FAILURE)
                .map(EndpointChild::result)
                .toList());
    }

    /** The children that are not there any more are gone, the new ones made; before they connect. */
    protected void onEndpointsChanged() {}

    /** There are no children any more: what was kept for them can go, for {@link #update()} is not called until there are. */
    protected void onNoEndpoints() {}

    /**
     * Whether two lists without duplicates have the same elements. A resolver often names the same endpoints in another order,
     * which is no reason for a new picker (RR-2).
     */
    protected static boolean isSameChoice(List<?> some, List<?> others) {
        return some.size() == others.size() && (some.equals(others) || new HashSet<>(some).containsAll(others));
    }

    @Override
    public boolean onEndpoints(List<Endpoint> endpoints) {
        Map<Set<SocketAddress>, C> next = new LinkedHashMap<>(endpoints.size() * 2);
        for (Endpoint endpoint : endpoints) {
            Set<SocketAddress> addresses = Set.copyOf(endpoint.addresses());
            if (!next.containsKey(addresses)) {
                next.put(addresses, childOf(addresses, endpoint));
            }
        }
        List<C> gone = replaceChildren(next);
        try {
            publishChange();
        } finally {
            // Behind the new picker: until then calls go to them.
            gone.forEach(EndpointChild::close);
        }
        return !next.isEmpty();
    }

    private void publishChange() {
        if (children.isEmpty()) {
            onNoEndpoints();
            fail(Status.of(StatusCode.UNAVAILABLE, "name resolution produced zero addresses"));
            return;
        }
        onEndpointsChanged();
        if (connectsAtOnce()) {
            connectIdle();
        }
        updateUnlessEmpty();
    }

    private C childOf(Set<SocketAddress> addresses, Endpoint endpoint) {
        C known = children.get(addresses);
        if (known != null) {
            known.describe(endpoint);
            return known;
        }
        C made = newChild(endpoint);
        states.add(made.state());
        return made;
    }

    /** Returns those that are gone, which are to be closed. */
    private List<C> replaceChildren(Map<Set<SocketAddress>, C> next) {
        List<C> gone = new ArrayList<>();
        children.forEach((addresses, child) -> {
            if (!next.containsKey(addresses)) {
                states.remove(child.state());
                child.leave();
                gone.add(child);
            }
        });
        children = next;
        return gone;
    }

    /** Without endpoints it is why calls fail; with them, it is for those that cannot be reached (PF-10). */
    @Override
    public void onResolverError(Status status) {
        if (children.isEmpty()) {
            fail(new Status(StatusCode.UNAVAILABLE, status.message(), status.cause()));
        } else {
            children.values().forEach(child -> child.onResolverError(status));
        }
    }

    /** Connects what is IDLE, unless that is up to the picker. */
    @Override
    public void exitIdle() {
        if (connectsAtOnce()) {
            connectIdle();
        }
    }

    @Override
    public void close() {
        closed = true;
        replaceChildren(new LinkedHashMap<>()).forEach(EndpointChild::close);
    }

    final void onChildState(EndpointChild child, ConnectivityState before) {
        states.move(before, child.state());
        scheduleUpdate();
    }

    /** Not at once: it may be the child's own doing that made it IDLE. */
    final void onChildIdle(EndpointChild child) {
        if (connectsAtOnce()) {
            context.execute(child::connect);
        }
    }

    /** Calls {@link #update()} soon, once: for policies that see a reason of their own. */
    protected final void scheduleUpdate() {
        if (!updateScheduled) {
            updateScheduled = true;
            context.execute(() -> {
                if (updateScheduled) {
                    updateUnlessEmpty();
                }
            });
        }
    }

    private void updateUnlessEmpty() {
        updateScheduled = false;
        if (!closed && !children.isEmpty()) {
            update();
        }
    }

    private void connectIdle() {
        for (C child : children.values()) {
            if (child.isIdle()) {
                child.connect();
            }
        }
    }

    private void fail(Status status) {
        context.updateState(ConnectivityState.TRANSIENT_FAILURE, FixedPicker.failing(status));
    }
}
