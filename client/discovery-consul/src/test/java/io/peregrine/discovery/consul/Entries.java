package io.peregrine.discovery.consul;

import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Instances as Consul 1.19 writes them, and as the resolver should report them. */
final class Entries {
    private Entries() {}

    /** A list of healthy instances at these ports. */
    static String json(int... ports) {
        return IntStream.of(ports).mapToObj(Entries::entry).collect(Collectors.joining(",", "[", "]"));
    }

    /** One healthy instance. */
    static String entry(int port) {
        return """
                {"Node":{"ID":"6c3e7f0a-0000-0000-0000-000000000001","Node":"node-1","Address":"10.0.0.1",
                "Datacenter":"eu1","TaggedAddresses":{"lan":"10.0.0.1","wan":"10.0.0.1"},
                "Meta":{"consul-network-segment":""},"CreateIndex":12,"ModifyIndex":15},
                "Service":{"ID":"greeter-%1$d","Service":"greeter","Tags":["v2"],"Address":"127.0.0.1",
                "TaggedAddresses":{"lan_ipv4":{"Address":"127.0.0.1","Port":%1$d}},"Meta":{"zone":"eu1-a"},"Port":%1$d,
                "Weights":{"Passing":3,"Warning":1},"EnableTagOverride":false,
                "Proxy":{"Mode":"","MeshGateway":{},"Expose":{}},"Connect":{},"PeerName":"",
                "CreateIndex":20,"ModifyIndex":20},
                "Checks":[{"Node":"node-1","CheckID":"serfHealth","Status":"passing","Output":"Agent alive"},
                {"Node":"node-1","CheckID":"service:greeter-%1$d","Status":"passing","Output":""}]}
                """.formatted(port);
    }

    /** What {@link #entry} stands for. */
    static Endpoint endpoint(int port) {
        return Endpoint.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .with(Endpoint.WEIGHT, 3)
                .with(Endpoint.LOCALITY, new Locality("eu1", "eu1-a", ""));
    }

    /** What {@link #json} stands for. */
    static List<Endpoint> endpoints(int... ports) {
        return IntStream.of(ports).mapToObj(Entries::endpoint).toList();
    }
}
