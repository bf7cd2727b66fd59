package io.peregrine.client.resolver;

import io.peregrine.transport.io.UnixSocketAddress;
import java.util.List;
import java.util.function.Function;

/**
 * The schemes of unix domain sockets (SPEC TG-4): {@code unix:relative/path}, {@code unix:/absolute/path} or {@code
 * unix:///absolute/path}, and {@code unix-abstract:name} for Linux' abstract namespace. The target is the address, and
 * {@code localhost} the authority, which TLS verifies unless the channel names another.
 */
public final class UnixResolverProvider implements NameResolverProvider {
    private final String scheme;
    private final String expected;
    private final Function<String, UnixSocketAddress> toAddress;

    private UnixResolverProvider(String scheme, String expected, Function<String, UnixSocketAddress> toAddress) {
        this.scheme = scheme;
        this.expected = expected;
        this.toAddress = toAddress;
    }

    /** Returns one provider for each of the two schemes. */
    public static List<NameResolverProvider> all() {
        return List.of(
                new UnixResolverProvider("unix", "unix:path or unix:///path", UnixSocketAddress::ofPath),
                new UnixResolverProvider("unix-abstract", "unix-abstract:name", UnixSocketAddress::ofAbstractName));
    }

    @Override
    public String scheme() {
        return scheme;
    }

    @Override
    public String authority(Target target) {
        return "localhost";
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        if (!target.authority().isEmpty()) {
            throw new IllegalArgumentException("target: \"" + target + "\" has the authority \"" + target.authority()
                    + "\" (expected: none, as in " + expected + ")");
        }
        return NameResolver.fixed(Resolution.of(List.of(Endpoint.of(toAddress.apply(target.endpoint())))));
    }
}
