package io.peregrine.client.peers;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.client.resolver.dns.AddressFamilies;
import io.peregrine.client.resolver.dns.DnsOptions;
import io.peregrine.client.resolver.dns.DnsResolverProvider;
import io.peregrine.client.resolver.dns.RecordedResolutions;
import io.peregrine.transport.io.EventLoops;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** DN-3 to DN-10 against dnsmasq (Debian: dnsmasq-base), a name server that is not of our making. */
class DnsmasqIT {
    private final EventLoops loops = EventLoops.create(1);
    private final RecordedResolutions reported = new RecordedResolutions();
    private PeerProcess server;
    private NameResolver resolver;
    private int port;

    @BeforeEach
    void start() throws Exception {
        PeerProcess.assumeRuns("dnsmasq", "dnsmasq", "--version");
        port = freePort();
        server = new PeerProcess(
                "dnsmasq",
                "--no-daemon",
                "--conf-file=/dev/null",
                "--pid-file=",
                "--no-resolv",
                "--no-hosts",
                "--listen-address=127.0.0.1",
                "--bind-interfaces",
                "--port=" + port,
                "--local=/test/",
                "--host-record=greeter.test,10.0.0.1,fd00::1,7",
                "--cname=www.test,greeter.test,5",
                "--srv-host=_grpc._tcp.greeter.test,greeter.test,50051,10,5",
                "--txt-record=_grpc_config.greeter.test,"
                        + "grpc_config=[{\"serviceConfig\":{\"loadBalancingConfig\":[{\"round_robin\":{}}]}}]");
    }

    @AfterEach
    void stop() throws Exception {
        if (resolver != null) {
            resolver.close();
        }
        if (server != null) {
            server.close();
        }
        loops.close();
    }

    @Test
    void dn3AndDn4AnswersOfBothFamilies() throws Exception {
        resolve("greeter.test:1", options().families(AddressFamilies.IPV4_FIRST));

        assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:1", "fd00:0:0:0:0:0:0:1:1");
    }

    @Test
    void dn4AnAliasIsFollowed() throws Exception {
        resolve("www.test:1", options().families(AddressFamilies.IPV4_ONLY));

        assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:1");
    }

    @Test
    void dn6ANameThatDoesNotExistAndOneWithoutAddressesHaveNone() throws Exception {
        resolve("nowhere.test:1", options());
        assertThat(reported.nextAddresses()).isEmpty();
        resolver.close();

        resolve("_grpc_config.greeter.test:1", options());
        assertThat(reported.nextAddresses()).isEmpty();
    }

    @Test
    void dn8AndDn9TheTxtRecordBringsTheServiceConfig() throws Exception {
        resolve("greeter.test:1", options().serviceConfig(true));

        ServiceConfigSource source = Objects.requireNonNull(reported.next().serviceConfig());
        assertThat(source.parse(LoadBalancerRegistry.standard()).loadBalancing().toString())
                .contains("RoundRobin");
    }

    @Test
    void dn10TheSrvRecordGivesHostPortAndWeight() throws Exception {
        resolve("_grpc._tcp.greeter.test", options().srv(true).families(AddressFamilies.IPV4_ONLY));

        Resolution resolution = reported.next();
        assertThat(RecordedResolutions.addressesOf(resolution)).containsExactly("10.0.0.1:50051");
        assertThat(resolution.endpoints()).extracting(Endpoint::weight).containsExactly(5);
    }

    /** The server may still be starting: it is asked again soon. */
    private static DnsOptions.Builder options() {
        return DnsOptions.builder().queryTimeout(Duration.ofMillis(500));
    }

    private void resolve(String endpoint, DnsOptions.Builder options) {
        resolver = new DnsResolverProvider(options.build())
                .newResolver(
                        new Target("dns", "127.0.0.1:" + port, endpoint), ResolverContext.of(443, loops.next(), true));
        resolver.start(reported);
    }

    private static int freePort() throws Exception {
        try (DatagramSocket probe = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }
}
