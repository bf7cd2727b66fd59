package io.peregrine.client.resolver;

/** The scheme {@code dns}, which is also the default: {@code dns:///host:port} (SPEC DN-1). */
public final class DnsResolverProvider implements NameResolverProvider {
    @Override
    public String scheme() {
        return "dns";
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        if (!target.authority().isEmpty()) {
            throw new IllegalArgumentException("target: \"" + target
                    + "\" names a DNS server (expected: dns:///host:port, which asks the system)");
        }
        return new DnsResolver(HostPort.parse(target.endpoint(), context.defaultPort()), context.timer());
    }
}
