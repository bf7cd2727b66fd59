package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.internal.balancer.leaf.PickFirstBalancer;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One endpoint of an {@link EndpointBalancer} and the {@code pick_first} that connects to it, made when it first connects.
 * What a policy keeps for each endpoint goes into a subclass. In the channel's serialised context only; pickers and results
 * that it hands out may be used by any thread.
 */
public class EndpointChild {
    private final EndpointBalancer<?> owner;
    private Endpoint endpoint;
    private ConnectivityState state = ConnectivityState.IDLE;

    /** What its pick_first says, without regard to what came before. */
    private ConnectivityState leafState = ConnectivityState.IDLE;

    private Picker picker = FixedPicker.queueing();
    private @Nullable LoadBalancer leaf;
    private boolean closed;

    /** Of an endpoint that has appeared; not connected. */
    public EndpointChild(EndpointBalancer<?> owner, Endpoint endpoint) {
        this.owner = owner;
        this.endpoint = endpoint;
    }

    /** The endpoint, as the resolver described it last. */
    public final Endpoint endpoint() {
        return endpoint;
    }

    /**
     * The state of its connection. After TRANSIENT_FAILURE it is that until READY (RR-1), though it connects: or calls
     * would wait for a server that has failed, instead of being told so. It may become IDLE if its policy leaves it so.
     */
    public final ConnectivityState state() {
        return state;
    }

    /** Whether it neither has a connection nor makes one. */
    final boolean isIdle() {
        return leafState == ConnectivityState.IDLE;
    }

    /** Its picker: of the subchannel while READY, of the reason while in TRANSIENT_FAILURE. */
    public final Picker picker() {
        return picker;
    }

    /** What its picker decides: the subchannel while READY. */
    public final PickResult result() {
        return picker instanceof FixedPicker fixed ? fixed.result() : PickResult.queue();
    }

    /** Whether calls may go to it. */
    public final boolean isReady() {
        return state == ConnectivityState.READY;
    }

    /** Begins to connect if it is IDLE; otherwise does nothing. */
    public final void connect() {
        if (closed) {
            return;
        }
        LoadBalancer current = leaf;
        if (current == null) {
            LoadBalancer made = PickFirstBalancer.ofEndpoint(new LeafContext());
            leaf = made;
            made.onEndpoints(List.of(endpoint));
        } else {
            current.exitIdle();
        }
    }

    /** Called when the resolver describes the endpoint otherwise; its set of addresses is the same. */
    protected void onEndpointChanged(Endpoint before) {}

    /** Called when the state has changed, before {@link EndpointBalancer#update()}. */
    protected void onStateChanged(ConnectivityState before) {}

    /** Called when the endpoint has gone. */
    protected void onClosed() {}

    final void describe(Endpoint newEndpoint) {
        Endpoint before = endpoint;
        if (before.equals(newEndpoint)) {
            return;
        }
        endpoint = newEndpoint;
        onEndpointChanged(before);
        if (leaf != null) {
            leaf.onEndpoints(List.of(newEndpoint));
        }
    }

    final void onResolverError(Status status) {
        if (leaf != null) {
            leaf.onResolverError(status);
        }
    }

    /** The endpoint has gone: what happens to its connection concerns nobody from now on. {@link #close} follows. */
    final void leave() {
        closed = true;
    }

    final void close() {
        if (leaf != null) {
            leaf.close();
        }
        onClosed();
    }

    /** What its pick_first sees. */
    private final class LeafContext extends ForwardingContext {
        @Override
        protected LoadBalancer.Context delegate() {
            return owner.contextOf(EndpointChild.this);
        }

        @Override
        public void updateState(ConnectivityState newState, Picker newPicker) {
            if (closed) {
                return;
            }
            leafState = newState;
            ConnectivityState before = state;
            boolean recovering = newState == ConnectivityState.CONNECTING
                    || (newState == ConnectivityState.IDLE && owner.connectsAtOnce());
            if (before != ConnectivityState.TRANSIENT_FAILURE || !recovering) {
                state = newState;
                picker = newPicker;
                onStateChanged(before);
                owner.onChildState(EndpointChild.this, before);
            }
            if (newState == ConnectivityState.IDLE) {
                owner.onChildIdle(EndpointChild.this);
            }
        }
    }
}
