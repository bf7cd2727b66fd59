package io.peregrine.client.internal.balancer.leaf;

import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.random.RandomGenerator;

/** The order in which pick_first tries the addresses of its endpoints (SPEC PF-2). */
final class TrialOrder {
    private TrialOrder() {}

    /** The addresses, each once, with the attributes of the first endpoint that has it. */
    static Map<SocketAddress, Attributes> of(List<Endpoint> endpoints, boolean shuffling, RandomGenerator random) {
        return interleaved(flat(shuffling ? shuffled(endpoints, random) : endpoints));
    }

    /** In a random order, in which one of twice the weight is twice as likely to be the first (gRFC A113). */
    private static List<Endpoint> shuffled(List<Endpoint> endpoints, RandomGenerator random) {
        List<Draw> draws = new ArrayList<>(endpoints.size());
        for (Endpoint endpoint : endpoints) {
            // The logarithm of the key u^(1/weight): the same order, without the loss of digits of large weights.
            draws.add(new Draw(Math.log(1 - random.nextDouble()) / endpoint.weight(), endpoint));
        }
        draws.sort(Comparator.comparingDouble(Draw::key).reversed());
        return draws.stream().map(Draw::endpoint).toList();
    }

    private static Map<SocketAddress, Attributes> flat(List<Endpoint> endpoints) {
        Map<SocketAddress, Attributes> distinct = new LinkedHashMap<>(endpoints.size() * 2);
        for (Endpoint endpoint : endpoints) {
            for (SocketAddress address : endpoint.addresses()) {
                distinct.putIfAbsent(address, endpoint.attributes());
            }
        }
        return distinct;
    }

    /** Families take turns, in the order of their first appearance, so that a dead one costs one attempt. */
    private static Map<SocketAddress, Attributes> interleaved(Map<SocketAddress, Attributes> distinct) {
        Map<String, Queue<SocketAddress>> families = new LinkedHashMap<>();
        for (SocketAddress address : distinct.keySet()) {
            families.computeIfAbsent(family(address), unused -> new ArrayDeque<>())
                    .add(address);
        }
        if (families.size() <= 1) {
            return distinct;
        }
        Map<SocketAddress, Attributes> ordered = new LinkedHashMap<>(distinct.size() * 2);
        while (ordered.size() < distinct.size()) {
            for (Queue<SocketAddress> family : families.values()) {
                SocketAddress next = family.poll();
                if (next != null) {
                    ordered.put(next, distinct.getOrDefault(next, Attributes.EMPTY));
                }
            }
        }
        return ordered;
    }

    private static String family(SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            return inet.getAddress() instanceof Inet6Address ? "ipv6" : "ipv4";
        }
        return address.getClass().getName();
    }

    /** An endpoint and what it has drawn: the greatest key is tried first. */
    private record Draw(double key, Endpoint endpoint) {}
}
