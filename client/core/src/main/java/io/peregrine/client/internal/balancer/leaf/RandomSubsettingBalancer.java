package io.peregrine.client.internal.balancer.leaf;

import io.peregrine.client.Status;
import io.peregrine.client.balancer.GracefulSwitch;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.RandomSubsetting;
import io.peregrine.client.internal.balancer.Xxh64;
import io.peregrine.client.resolver.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Gives its child the endpoints with the least hashes (SPEC 2.8.7). They are hashed by their first addresses, with a seed
 * that each policy draws for itself: so clients choose differently, and one client chooses alike from list to list.
 */
public final class RandomSubsettingBalancer implements LoadBalancer {
    private final GracefulSwitch child;
    private final long seed;
    private int subsetSize;

    /** A policy without endpoints. */
    public RandomSubsettingBalancer(Context context, RandomSubsetting config) {
        this.child = new GracefulSwitch(context);
        this.seed = context.random().nextLong();
        this.subsetSize = config.subsetSize();
        child.switchTo(config.childPolicy());
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof RandomSubsetting config) {
            subsetSize = config.subsetSize();
            child.switchTo(config.childPolicy());
            return true;
        }
        return false;
    }

    @Override
    public boolean onEndpoints(List<Endpoint> endpoints) {
        return child.onEndpoints(endpoints.size() <= subsetSize ? endpoints : subset(endpoints));
    }

    private List<Endpoint> subset(List<Endpoint> endpoints) {
        List<Hashed> hashed = new ArrayList<>(endpoints.size());
        Set<Set<SocketAddress>> seen = new HashSet<>(endpoints.size() * 2);
        for (Endpoint endpoint : endpoints) {
            // Listed twice it is one (LB-7), which the child must not get instead of two.
            if (!seen.add(Set.copyOf(endpoint.addresses()))) {
                continue;
            }
            hashed.add(new Hashed(Xxh64.hash(textOf(endpoint.addresses().get(0)), seed), endpoint));
        }
        hashed.sort(Comparator.comparing(Hashed::hash, Long::compareUnsigned));
        return hashed.stream().limit(subsetSize).map(Hashed::endpoint).toList();
    }

    /** The address and the port, as others write them; no name is looked up. */
    private static String textOf(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            InetAddress ip = inet.getAddress();
            return (ip == null ? inet.getHostString() : ip.getHostAddress()) + ':' + inet.getPort();
        }
        return address.toString();
    }

    @Override
    public void onResolverError(Status status) {
        child.onResolverError(status);
    }

    @Override
    public void exitIdle() {
        child.exitIdle();
    }

    @Override
    public void close() {
        child.close();
    }

    private record Hashed(long hash, Endpoint endpoint) {}
}
