package io.peregrine.discovery.etcd;

import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The scheme {@code etcd}: {@code etcd://[host[:port][,host[:port]]...]/prefix}. The keys {@code prefix/...} are watched;
 * each holds one instance, as {@code host:port} or in the JSON of etcd's package for gRPC naming, and its endpoint goes
 * when the key goes, for example with its lease.
 *
 * <p>Channels find a provider of this class by themselves, with the defaults of {@link #builder()}; whoever needs more,
 * such as TLS, gives his own to {@code ClientConnBuilder.resolver}. The port of a member is 2379 unless it is given. The
 * authority of requests is the last part of the prefix. A prefix that begins with a slash is written with four:
 * {@code etcd:////services/greeter}.
 *
 * <p>Safe for use by several threads. Each channel has its own connection to etcd.
 */
public final class EtcdResolverProvider implements NameResolverProvider {
    private static final int DEFAULT_PORT = 2379;

    private final EtcdCluster cluster;

    /** As {@link #builder()} builds it without any option. */
    public EtcdResolverProvider() {
        this(new Builder());
    }

    private EtcdResolverProvider(Builder builder) {
        cluster = builder.cluster;
    }

    /** Begins with one member at 127.0.0.1:2379, plaintext and nobody to log in as. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public String scheme() {
        return "etcd";
    }

    @Override
    public String authority(Target target) {
        return KeyPrefix.of(target.endpoint()).serviceName();
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        EtcdCluster asked = target.authority().isEmpty()
                ? cluster
                : cluster.withMembers(parse(List.of(target.authority().split(",", -1))));
        return new EtcdResolver(asked, KeyPrefix.of(target.endpoint()), context);
    }

    private static List<HostPort> parse(List<String> members) {
        return members.stream()
                .map(member -> HostPort.parse(member, DEFAULT_PORT))
                .toList();
    }

    /** The options of a provider. Not safe for use by several threads. */
    public static final class Builder {
        private EtcdCluster cluster =
                new EtcdCluster(List.of(new HostPort("127.0.0.1", DEFAULT_PORT)), InsecureCredentials.create(), "", "");

        private Builder() {}

        /**
         * The members of the cluster, for targets that name none, each as {@code host} or {@code host:port}.
         *
         * @throws IllegalArgumentException if there is none, or one is malformed
         */
        public Builder members(String... members) {
            cluster = cluster.withMembers(parse(Arrays.asList(members)));
            return this;
        }

        /** How the connection to etcd is secured, for example by TLS with a key of the client; default plaintext. */
        public Builder credentials(ChannelCredentials credentials) {
            cluster = new EtcdCluster(
                    cluster.members(), Objects.requireNonNull(credentials), cluster.user(), cluster.password());
            return this;
        }

        /**
         * Logs in before the keys are read, and again whenever the watch begins anew. The password goes over the wire as
         * it is: use TLS.
         */
        public Builder user(String name, String password) {
            cluster = new EtcdCluster(
                    cluster.members(),
                    cluster.credentials(),
                    Objects.requireNonNull(name),
                    Objects.requireNonNull(password));
            return this;
        }

        /** The provider. */
        public EtcdResolverProvider build() {
            return new EtcdResolverProvider(this);
        }
    }
}
