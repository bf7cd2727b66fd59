package io.peregrine.client.resolver.dns;

import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostLookup;
import io.peregrine.client.resolver.HostPort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What one round of questions found.
 *
 * @param endpoints in order of preference; empty if the name has none
 * @param ttlNs for how long, as {@link Answer#ttlNs}
 * @param texts what {@code _grpc_config} has; null if that is not known this time
 */
record Discovery(
        List<Endpoint> endpoints, long ttlNs, @Nullable List<String> texts) {
    private static final String CONFIG_PREFIX = "_grpc_config.";

    /** As many hosts of SRV records are looked up at once: UDP loses what comes too fast. */
    private static final int HOSTS_AT_ONCE = 32;

    /** Asks what the options want to know of a target; the future fails if no endpoints can be told. */
    static CompletableFuture<Discovery> of(
            Lookup lookup, HostPort target, DnsOptions options, boolean wantsConfig, RandomGenerator random) {
        CompletableFuture<Answer<Endpoint>> endpoints = options.srv()
                ? lookup.services(target.host()).thenCompose(found -> hostsOf(lookup, found, random))
                : lookup.addresses(target.host()).thenApply(found -> endpointsAt(found, target.port()));
        boolean asksTexts = wantsConfig && options.serviceConfig() && mayHaveConfig(target.host());
        CompletableFuture<@Nullable List<String>> texts = asksTexts
                ? lookup.texts(CONFIG_PREFIX + target.host())
                        .handle((found, unknown) -> unknown == null ? found.values() : null)
                : CompletableFuture.completedFuture(List.of());
        return endpoints.thenCombine(texts, (found, config) -> new Discovery(found.values(), found.ttlNs(), config));
    }

    /** gRFC A10. */
    private static boolean mayHaveConfig(String host) {
        return HostLookup.literal(host) == null && !HostsFile.isLocalhost(host);
    }

    /** Each address is an endpoint (DN-4). */
    private static Answer<Endpoint> endpointsAt(Answer<InetAddress> found, int port) {
        return new Answer<>(
                found.values().stream()
                        .map(address -> Endpoint.of(new InetSocketAddress(address, port)))
                        .toList(),
                found.ttlNs());
    }

    private static CompletableFuture<Answer<Endpoint>> hostsOf(
            Lookup lookup, Answer<SrvRecord> found, RandomGenerator random) {
        List<String> hosts =
                found.values().stream().map(SrvRecord::target).distinct().toList();
        CompletableFuture<Hosts> looked = CompletableFuture.completedFuture(new Hosts());
        for (int i = 0; i < hosts.size(); i += HOSTS_AT_ONCE) {
            List<String> some = hosts.subList(i, Math.min(i + HOSTS_AT_ONCE, hosts.size()));
            looked = looked.thenCompose(sofar -> sofar.addAll(lookup, some));
        }
        return looked.thenApply(all -> all.endpoints(found, random));
    }

    /** The hosts of SRV records: one that cannot be looked up is left out, as long as there are others. */
    private static final class Hosts {
        private final Map<String, Answer<InetAddress>> found = new HashMap<>();
        private @Nullable Throwable failure;

        CompletableFuture<Hosts> addAll(Lookup lookup, List<String> hosts) {
            List<CompletableFuture<Answer<InetAddress>>> asked =
                    hosts.stream().map(lookup::addresses).toList();
            return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
                    .handle((unused, someFailed) -> {
                        for (int i = 0; i < hosts.size(); i++) {
                            add(hosts.get(i), asked.get(i));
                        }
                        return this;
                    });
        }

        private void add(String host, CompletableFuture<Answer<InetAddress>> done) {
            try {
                found.put(host, done.join());
            } catch (CompletionException failed) {
                failure = failed.getCause();
            }
        }

        Answer<Endpoint> endpoints(Answer<SrvRecord> services, RandomGenerator random) {
            List<Endpoint> endpoints = new ArrayList<>();
            long ttlNs = services.ttlNs();
            for (SrvRecord service : SrvRecord.inOrder(services.values(), random)) {
                Answer<InetAddress> addresses = found.get(service.target());
                if (addresses != null) {
                    ttlNs = Math.min(ttlNs, addresses.ttlNs());
                    endpointsAt(addresses, service.port()).values().stream()
                            .map(endpoint -> endpoint.with(Endpoint.WEIGHT, Math.max(1, service.weight())))
                            .forEach(endpoints::add);
                }
            }
            if (endpoints.isEmpty() && failure != null) {
                throw new CompletionException(Objects.requireNonNull(failure));
            }
            return new Answer<>(endpoints, ttlNs);
        }
    }
}
