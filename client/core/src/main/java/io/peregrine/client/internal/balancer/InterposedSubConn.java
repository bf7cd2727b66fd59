package io.peregrine.client.internal.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.ForwardingSubConn;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.resolver.Attributes;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A subchannel that a policy puts between its child and the channel: it sees the state and the health of the connection, may
 * hold health back from the child, and turns the child's results into those of the channel's subchannel.
 */
public abstract class InterposedSubConn extends ForwardingSubConn {
    private final SubConn delegate;
    private final Listener listener;
    private @Nullable Listener healthListener;
    private ConnectivityState state = ConnectivityState.IDLE;
    private @Nullable ConnectivityState health;
    private Status healthStatus = Status.OK;

    /**
     * The result that was dressed last. Written by picks without any order: a reader sees null, this pair or an older one,
     * each whole since its fields are final, and each right for the result that it names. Two picks that race make two
     * equal pairs, of which one stays. As a child prepares one result for each subchannel, a pair is made once for each.
     */
    private @Nullable Dressed dressed;

    /** Makes the channel's subchannel, of which {@code listener} is told what it is to know. */
    protected InterposedSubConn(
            LoadBalancer.Context context, SocketAddress address, Attributes attributes, Listener listener) {
        this.listener = listener;
        this.delegate = context.createSubConn(address, attributes, this::onState);
    }

    /** A child's result, its listener and what they become. */
    private record Dressed(PickResult bare, @Nullable DoneListener listener, PickResult result) {}

    /**
     * The child's result for the channel. Any thread; allocates nothing for the result and the listener of the last time.
     *
     * @param bare a result with this subchannel
     * @param doneListener who is told the end of its attempts; null for nobody
     */
    public final PickResult dress(PickResult bare, @Nullable DoneListener doneListener) {
        Dressed known = dressed;
        if (known != null && known.bare == bare && known.listener == doneListener) {
            return known.result;
        }
        PickResult result = bare.withSubConn(delegate);
        if (doneListener != null) {
            result = result.onDone(doneListener);
        }
        dressed = new Dressed(bare, doneListener, result);
        return result;
    }

    /** The state of the connection; while that is READY and the child watches health, the state of that. */
    protected final ConnectivityState fitness() {
        if (state != ConnectivityState.READY || healthListener == null) {
            return state;
        }
        return health == null ? ConnectivityState.CONNECTING : health;
    }

    @Override
    protected final SubConn delegate() {
        return delegate;
    }

    @Override
    public final void watchHealth(Listener newHealthListener) {
        healthListener = newHealthListener;
        delegate.watchHealth(this::onHealth);
    }

    /** Called when {@link #fitness} may have changed, and the child has been told. */
    protected void onChange() {}

    /** Why the child may not know that the server is in good health; OK if it may. */
    protected Status withheld() {
        return Status.OK;
    }

    /** Tells the child of the health again: what {@link #withheld} says has changed. */
    protected final void tellHealth() {
        Listener told = healthListener;
        ConnectivityState known = health;
        if (told == null || known == null) {
            return;
        }
        Status reason = withheld();
        if (reason.isOk()) {
            told.onState(known, healthStatus);
        } else {
            told.onState(ConnectivityState.TRANSIENT_FAILURE, reason);
        }
    }

    private void onState(ConnectivityState newState, Status status) {
        state = newState;
        if (newState != ConnectivityState.READY) {
            health = null;
        }
        listener.onState(newState, status);
        onChange();
    }

    private void onHealth(ConnectivityState newHealth, Status status) {
        health = newHealth;
        healthStatus = status;
        tellHealth();
        onChange();
    }
}
