package io.peregrine.client.resolver;

import io.peregrine.client.resolver.dns.DnsResolverProvider;
import java.util.HashMap;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The resolvers that targets may name, by scheme (SPEC TG-1). Immutable. A connection has a registry of its own, made
 * from the {@linkplain #standard() standard} one; a scheme that is not in it is looked for among the providers that a
 * {@link ServiceLoader} finds, once for each process and only then, since that takes time.
 */
public final class NameResolverRegistry {
    private static final System.Logger LOG = System.getLogger(NameResolverRegistry.class.getName());
    private static final NameResolverRegistry STANDARD = newStandard();

    private final Map<String, NameResolverProvider> providers;

    private NameResolverRegistry(Map<String, NameResolverProvider> providers) {
        this.providers = Map.copyOf(providers);
    }

    private static NameResolverRegistry newStandard() {
        Map<String, NameResolverProvider> all = new HashMap<>();
        Consumer<NameResolverProvider> add = provider -> all.put(provider.scheme(), provider);
        add.accept(new DnsResolverProvider());
        add.accept(new PassthroughResolverProvider());
        AddressListResolverProvider.all().forEach(add);
        UnixResolverProvider.all().forEach(add);
        return new NameResolverRegistry(all);
    }

    /** Those of other libraries. */
    private static final class Installed {
        static final Map<String, NameResolverProvider> PROVIDERS =
                load(ServiceLoader.load(NameResolverProvider.class, NameResolverProvider.class.getClassLoader()));
    }

    /** The first of each scheme counts; one that cannot be made is left out. */
    static Map<String, NameResolverProvider> load(Iterable<NameResolverProvider> installed) {
        Map<String, NameResolverProvider> found = new HashMap<>();
        var each = installed.iterator();
        for (boolean more = true; more; ) {
            try {
                more = each.hasNext();
                if (more) {
                    NameResolverProvider provider = each.next();
                    found.putIfAbsent(provider.scheme(), provider);
                }
            } catch (ServiceConfigurationError broken) {
                LOG.log(System.Logger.Level.WARNING, "a name resolver that is installed cannot be used", broken);
            }
        }
        return Map.copyOf(found);
    }

    /** The schemes that come with the library: dns, passthrough, static, ipv4, ipv6, unix and unix-abstract. */
    public static NameResolverRegistry standard() {
        return STANDARD;
    }

    /** This registry with one more scheme, or another provider of the same. */
    public NameResolverRegistry with(NameResolverProvider provider) {
        Map<String, NameResolverProvider> more = new HashMap<>(providers);
        more.put(provider.scheme(), provider);
        return new NameResolverRegistry(more);
    }

    /** The provider of the scheme, which is in lower case; null if there is none. */
    public @Nullable NameResolverProvider find(String scheme) {
        NameResolverProvider own = providers.get(scheme);
        return own == null ? Installed.PROVIDERS.get(scheme) : own;
    }

    /** All schemes, those that are installed included, in alphabetical order. */
    public Set<String> schemes() {
        Set<String> all = new TreeSet<>(providers.keySet());
        all.addAll(Installed.PROVIDERS.keySet());
        return all;
    }

    /** Whether the scheme is known without a look at what is installed. */
    boolean isOwn(String scheme) {
        return providers.containsKey(scheme);
    }
}
