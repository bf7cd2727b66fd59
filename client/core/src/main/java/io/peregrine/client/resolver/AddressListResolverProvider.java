package io.peregrine.client.resolver;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The schemes whose targets list their addresses, of which each is an endpoint (SPEC TG-4): {@code
 * static:///a.internal:1,10.0.0.2:2} of names and addresses alike, {@code ipv4:10.0.0.1:80,10.0.0.2} and {@code
 * ipv6:[fd00::1]:80,fd00::2} of addresses of one family. A name is looked up when a connection is made to it.
 *
 * <p>The authority is the first of the list, unless the channel has one of its own.
 */
public final class AddressListResolverProvider implements NameResolverProvider {
    /** What a list may hold. */
    private enum Kind {
        ANY("host:port,..."),
        IPV4("address:port,..., of IPv4"),
        IPV6("[address]:port,..., of IPv6");

        final String expected;

        Kind(String expected) {
            this.expected = expected;
        }

        boolean admits(@Nullable InetAddress literal) {
            return switch (this) {
                case ANY -> true;
                case IPV4 -> literal instanceof Inet4Address;
                case IPV6 -> literal != null && !(literal instanceof Inet4Address);
            };
        }
    }

    private final String scheme;
    private final Kind kind;

    private AddressListResolverProvider(String scheme, Kind kind) {
        this.scheme = scheme;
        this.kind = kind;
    }

    /** Returns one provider for each of the schemes. */
    public static List<NameResolverProvider> all() {
        return List.of(
                new AddressListResolverProvider("static", Kind.ANY),
                new AddressListResolverProvider("ipv4", Kind.IPV4),
                new AddressListResolverProvider("ipv6", Kind.IPV6));
    }

    @Override
    public String scheme() {
        return scheme;
    }

    @Override
    public String authority(Target target) {
        String list = target.endpoint();
        int comma = list.indexOf(',');
        return NameResolverProvider.super.authority(
                new Target(target.scheme(), target.authority(), comma < 0 ? list : list.substring(0, comma)));
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        if (!target.authority().isEmpty()) {
            throw new IllegalArgumentException("target: \"" + target + "\" has the authority \"" + target.authority()
                    + "\" (expected: none, as in " + scheme + ":" + kind.expected + ')');
        }
        List<Endpoint> endpoints = new ArrayList<>();
        for (String address : target.endpoint().split(",", -1)) {
            endpoints.add(Endpoint.of(parse(target, address, context.defaultPort())));
        }
        return NameResolver.fixed(Resolution.of(endpoints));
    }

    private InetSocketAddress parse(Target target, String address, int defaultPort) {
        if (address.isEmpty()) {
            throw new IllegalArgumentException(
                    "target: \"" + target + "\" lists an empty address (expected: " + kind.expected + ')');
        }
        HostPort parsed = HostPort.parse(address, defaultPort);
        InetAddress literal = HostLookup.literal(parsed.host());
        if (!kind.admits(literal)) {
            throw new IllegalArgumentException(
                    "target: \"" + target + "\" lists \"" + address + "\" (expected: " + kind.expected + ')');
        }
        return literal == null
                ? InetSocketAddress.createUnresolved(parsed.host(), parsed.port())
                : new InetSocketAddress(literal, parsed.port());
    }
}
