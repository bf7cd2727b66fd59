package io.peregrine.client.resolver.dns;

import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostLookup;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The scheme {@code dns}, which is also the default: {@code dns:///host:port}, or {@code dns://server/host:port} to ask
 * a certain name server, at port 53 unless it has another (SPEC DN-1, DN-3). Safe for use by several threads.
 *
 * <p>Each address is an endpoint (DN-4), in the order of {@link AddressFamilies}. An IP address is taken as it is and
 * never looked up (DN-2). A name is looked up again when a connection is lost, at most once in 30 s; after a failure,
 * or without addresses, with the connections' backoff, from 1.6 s up to 120 s (DN-5). Look-ups that fail leave the
 * endpoints as they are; a server that says that the name has no addresses counts as an empty list (DN-6, RS-3).
 */
public final class DnsResolverProvider implements NameResolverProvider {
    private static final int DNS_PORT = 53;

    private final DnsOptions options;

    /** With the default options. */
    public DnsResolverProvider() {
        this(DnsOptions.defaults());
    }

    /** With given options. */
    public DnsResolverProvider(DnsOptions options) {
        this.options = options;
    }

    @Override
    public String scheme() {
        return "dns";
    }

    /** SPEC PX-2; the hosts of SRV records are found here, whoever connects to them. */
    @Override
    public boolean leavesNamesToProxies() {
        return !options.srv();
    }

    /** As ever; of SRV records, without the labels that name service and protocol: the rest is what TLS verifies. */
    @Override
    public String authority(Target target) {
        String authority = NameResolverProvider.super.authority(target);
        while (options.srv() && authority.startsWith("_") && authority.indexOf('.') >= 0) {
            authority = authority.substring(authority.indexOf('.') + 1);
        }
        return authority;
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        HostPort wanted = HostPort.parse(target.endpoint(), context.defaultPort());
        HostPort server = target.authority().isEmpty() ? null : HostPort.parse(target.authority(), DNS_PORT);
        InetAddress literal = HostLookup.literal(wanted.host());
        return literal == null
                ? resolver(wanted, server, context)
                : NameResolver.fixed(
                        Resolution.of(List.of(Endpoint.of(new InetSocketAddress(literal, wanted.port())))));
    }

    private NameResolver resolver(HostPort wanted, @Nullable HostPort server, ResolverContext context) {
        Supplier<Lookup> servers = () -> new ServerLookup(context.eventLoop(), server, options, HostsFile.SYSTEM);
        SystemLookup.Pending pending = new SystemLookup.Pending();
        Supplier<Lookup> system = () -> new SystemLookup(pending, options.families(), servers.get());
        boolean asksServers = server != null || !options.systemResolver();
        return new DnsResolver(wanted, options, context, asksServers ? servers : system, new SplittableRandom());
    }
}
