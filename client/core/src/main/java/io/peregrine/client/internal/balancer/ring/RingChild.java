package io.peregrine.client.internal.balancer.ring;

import io.netty.util.NetUtil;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.EndpointBalancer;
import io.peregrine.client.balancer.EndpointChild;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostPort;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** An endpoint on the ring. Run, in the channel's serialised context, it connects. */
final class RingChild extends EndpointChild implements Runnable {
    private static final VarHandle ASKED;

    static {
        try {
            ASKED = MethodHandles.lookup().findVarHandle(RingChild.class, "asked", boolean.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private String hashKey;

    /**
     * Written in the context; read by picks without any order of its own. A new picker is published behind each write, and
     * its publication (the volatile write of the channel's picker, which pairs with the read by each pick) is what makes a
     * pick see at least the standing that its picker was published for. A pick with an older picker may see it early, and
     * whole, since its fields are final.
     */
    private Standing standing = new Standing(ConnectivityState.IDLE, PickResult.queue());

    /** Whether picks have asked for a connection, and {@link #run} has not come yet. */
    @SuppressWarnings("unused") // accessed through ASKED
    private volatile boolean asked;

    RingChild(EndpointBalancer<?> owner, Endpoint endpoint) {
        super(owner, endpoint);
        this.hashKey = hashKeyOf(endpoint);
    }

    /** What a pick needs to know, of one moment. */
    record Standing(ConnectivityState state, PickResult result) {}

    /** What it is placed by. */
    String hashKey() {
        return hashKey;
    }

    /** How it stands. Any thread. */
    Standing standing() {
        return standing;
    }

    /** True for the first of any number of picks that want it to connect, who is to see to it that it runs. Any thread. */
    boolean tryAsk() {
        return !(boolean) ASKED.getOpaque(this) && ASKED.compareAndSet(this, false, true);
    }

    @Override
    public void run() {
        // Pairs with the compareAndSet in tryAsk: whoever asks from now on runs it again.
        ASKED.setVolatile(this, false);
        connect();
    }

    @Override
    protected void onEndpointChanged(Endpoint before) {
        hashKey = hashKeyOf(endpoint());
    }

    @Override
    protected void onStateChanged(ConnectivityState before) {
        standing = new Standing(state(), result());
    }

    /** RH-2. An address is written as other gRPC clients write it, so that they agree where it is. */
    private static String hashKeyOf(Endpoint endpoint) {
        String key = endpoint.attributes().get(Endpoint.HASH_KEY);
        if (key != null && !key.isEmpty()) {
            return key;
        }
        SocketAddress address = endpoint.addresses().get(0);
        if (address instanceof InetSocketAddress inet) {
            String host = inet.isUnresolved() ? inet.getHostString() : NetUtil.toAddressString(inet.getAddress());
            return new HostPort(host, inet.getPort()).toString();
        }
        return address.toString();
    }
}
