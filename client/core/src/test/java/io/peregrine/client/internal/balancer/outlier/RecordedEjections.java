package io.peregrine.client.internal.balancer.outlier;

import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.policy.EjectionObserver;
import java.net.SocketAddress;
import java.util.List;
import java.util.Set;

/** Writes down what an observer is told, a line for each event. */
record RecordedEjections(List<String> events) implements EjectionObserver {
    @Override
    public void onEjected(Set<SocketAddress> addresses, Detection detection) {
        events.add("ejected " + hosts(addresses) + ' ' + detection);
    }

    @Override
    public void onUnenforced(Set<SocketAddress> addresses, Detection detection, Unenforced reason) {
        events.add("unenforced " + hosts(addresses) + ' ' + detection + ' ' + reason);
    }

    @Override
    public void onReturned(Set<SocketAddress> addresses) {
        events.add("returned " + hosts(addresses));
    }

    private static List<String> hosts(Set<SocketAddress> addresses) {
        return addresses.stream().map(BalancerHarness::host).sorted().toList();
    }
}
