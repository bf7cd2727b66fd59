package io.peregrine.grpcjava.internal.resolver;

import io.grpc.NameResolver;
import io.grpc.NameResolverRegistry;
import io.grpc.ProxyDetector;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.grpcjava.internal.CallbackThreads;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Who resolves the target of one channel: the factory that the builder was given; else what an application has registered
 * with grpc-java for the scheme; else the library's own resolver, also in place of those that come with grpc-java. Not safe
 * for use by several threads.
 */
public final class ResolverChoice {
    private static final String GRPC_JAVA = "io.grpc.";
    private static final String DNS = "dns";

    private final String target;
    private final List<Consumer<NameResolver.Args.Builder>> arguments = new ArrayList<>();
    private Executor offload = CallbackThreads.shared();
    private NameResolverRegistry registry = NameResolverRegistry.getDefaultRegistry();
    private NameResolver.@Nullable Factory factory;
    private @Nullable ProxyDetector detector;
    private @Nullable String authority;

    /** A choice for one target, as the application wrote it. */
    public ResolverChoice(String target) {
        this.target = target;
    }

    /** Where what is written for grpc-java may block. */
    public void offload(Executor executor) {
        offload = executor;
    }

    /** Where providers are looked for; default is grpc-java's default one. */
    public void registry(NameResolverRegistry newRegistry) {
        registry = newRegistry;
    }

    /** Resolves whatever the target's scheme is; null for none. */
    public void factory(NameResolver.@Nullable Factory newFactory) {
        factory = newFactory;
    }

    /** Asked for {@code dns} targets in place of the environment; null for none. */
    public void detector(@Nullable ProxyDetector newDetector) {
        detector = newDetector;
    }

    /** The channel's own authority. */
    public void authority(String newAuthority) {
        authority = newAuthority;
    }

    /** An argument for resolvers of grpc-java's. */
    public <X> void argument(NameResolver.Args.Key<X> key, X value) {
        arguments.add(args -> args.setArg(key, value));
    }

    /** Tells the builder. */
    public void applyTo(ClientConnBuilder conn) {
        NameResolver.Factory chosen = factory;
        String scheme = schemeOf(target);
        if (chosen != null) {
            if (scheme.isEmpty()) {
                scheme = chosen.getDefaultScheme().toLowerCase(Locale.ROOT);
                conn.defaultScheme(scheme);
            }
        } else {
            chosen = registered(scheme);
        }
        if (chosen != null) {
            conn.resolver(new AdaptedProvider(
                    scheme, chosen, new ResolverSettings(offload, detector, authority, registry, arguments)));
        }
        if (detector != null) {
            conn.noProxy();
            NameResolverProvider dns =
                    io.peregrine.client.resolver.NameResolverRegistry.standard().find(DNS);
            if (dns != null && !(chosen != null && scheme.equals(DNS))) {
                conn.resolver(new DetectedProxies(dns, detector, offload));
            }
        }
    }

    /** What the application registered for the scheme; null if the library's own resolver serves. */
    private NameResolver.@Nullable Factory registered(String scheme) {
        if (scheme.isEmpty()) {
            return null;
        }
        io.grpc.NameResolverProvider provider = registry.getProviderForScheme(scheme);
        boolean own =
                io.peregrine.client.resolver.NameResolverRegistry.standard().find(scheme) != null;
        boolean stock = provider != null && provider.getClass().getName().startsWith(GRPC_JAVA);
        return own && stock ? null : provider;
    }

    /** The scheme of the target, in lower case; empty if none is written, as in {@code host:port}. */
    private String schemeOf(String written) {
        int colon = written.indexOf(':');
        if (colon <= 0 || written.substring(colon + 1).chars().allMatch(Character::isDigit)) {
            return "";
        }
        String scheme = written.substring(0, colon).toLowerCase(Locale.ROOT);
        boolean rooted = written.startsWith("://", colon) || written.startsWith(":/", colon);
        boolean known = registry.getProviderForScheme(scheme) != null
                || io.peregrine.client.resolver.NameResolverRegistry.standard().find(scheme) != null;
        return rooted || known ? scheme : "";
    }
}
