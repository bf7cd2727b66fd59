package io.peregrine.grpcjava.internal.resolver;

import io.grpc.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** Makes resolvers out of those of a factory of grpc-java's. Safe for use by several threads. */
public final class AdaptedProvider implements NameResolverProvider {
    private final String scheme;
    private final NameResolver.Factory factory;
    private final ResolverSettings settings;

    /**
     * A provider of one scheme.
     *
     * @param scheme in lower case
     */
    public AdaptedProvider(String scheme, NameResolver.Factory factory, ResolverSettings settings) {
        this.scheme = scheme;
        this.factory = factory;
        this.settings = settings;
    }

    @Override
    public String scheme() {
        return scheme;
    }

    /** What the resolver says; it is made for the question, and not started. */
    @Override
    public String authority(Target target) {
        NameResolver resolver = factory.newNameResolver(uriOf(target), settings.args(null));
        return resolver == null ? NameResolverProvider.super.authority(target) : resolver.getServiceAuthority();
    }

    @Override
    public io.peregrine.client.resolver.NameResolver newResolver(Target target, ResolverContext context) {
        AdaptedResolver.Context serialised = new AdaptedResolver.Context(target);
        return new AdaptedResolver(newResolver(target, settings.args(serialised.args(context))), serialised);
    }

    private NameResolver newResolver(Target target, NameResolver.Args args) {
        @Nullable NameResolver resolver = factory.newNameResolver(uriOf(target), args);
        if (resolver == null) {
            throw new IllegalArgumentException("target: \"" + target + "\", which "
                    + factory.getClass().getName() + " makes no resolver for (expected: one of its targets)");
        }
        return resolver;
    }

    private static URI uriOf(Target target) {
        return URI.create(target.toString());
    }
}
