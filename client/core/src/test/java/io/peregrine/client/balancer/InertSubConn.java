package io.peregrine.client.balancer;

import io.peregrine.client.resolver.Attributes;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;

/** A subchannel that is only somewhere: nothing becomes of what it is told to do. */
public record InertSubConn(SocketAddress address) implements SubConn {
    /** At port 1 of an address. */
    public static InertSubConn at(String address) {
        return new InertSubConn(new InetSocketAddress(address, 1));
    }

    @Override
    public Attributes attributes() {
        return Attributes.EMPTY;
    }

    @Override
    public void connect() {}

    @Override
    public void shutdown() {}

    @Override
    public void watchHealth(Listener listener) {}

    @Override
    public void watchLoad(Duration period, LoadListener listener) {}
}
