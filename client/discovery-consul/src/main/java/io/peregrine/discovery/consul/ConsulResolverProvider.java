package io.peregrine.discovery.consul;

import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The scheme {@code consul}: {@code consul://[host[:port]]/service[/tag=...][/dc=...][/near=...][/health=...]}. The
 * instances of the service are watched, and reported as they come, go and change their health.
 *
 * <p>Channels find a provider of this class by themselves, with the defaults of {@link #builder()}; whoever needs more
 * gives his own to {@code ClientConnBuilder.resolver}. A {@code tag} may come more than once, and an instance must then
 * have all; in the target, {@code %3D} and the like stand for what a path cannot hold. The port is 8500 unless it is
 * given. The authority of requests is the name of the service.
 *
 * <p>Safe for use by several threads. The resolvers of one provider share an HTTP client.
 */
public final class ConsulResolverProvider implements NameResolverProvider {
    private static final int DEFAULT_PORT = 8500;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    private final Supplier<Options> options;

    /** Made for the first resolver that asks. Guarded by this. */
    private @Nullable HttpClient client;

    /**
     * As {@link #builder()} builds it without any option. An environment that is malformed is found when there is a target
     * for it: whoever has no use for Consul must not stumble over it.
     */
    public ConsulResolverProvider() {
        this(() -> builder().options());
    }

    private ConsulResolverProvider(Supplier<Options> options) {
        this.options = options;
    }

    /** What a builder was told. */
    private record Options(
            HostPort address,
            boolean secure,
            @Nullable SSLContext tls,
            Supplier<String> token,
            ServiceQuery query,
            Duration queryWait) {}

    /**
     * Begins with what the environment says, as Consul's own tools do: the address {@code CONSUL_HTTP_ADDR}, by default
     * 127.0.0.1:8500, and the ACL token {@code CONSUL_HTTP_TOKEN}, by default none.
     *
     * @throws IllegalArgumentException if one of them is malformed
     */
    public static Builder builder() {
        return new Builder(System.getenv());
    }

    static Builder builder(Map<String, String> environment) {
        return new Builder(environment);
    }

    @Override
    public String scheme() {
        return "consul";
    }

    @Override
    public String authority(Target target) {
        return ServiceQuery.DEFAULT.with(target.endpoint()).service();
    }

    @Override
    public NameResolver newResolver(Target target, ResolverContext context) {
        Options told = options.get();
        HostPort asked =
                target.authority().isEmpty() ? told.address() : HostPort.parse(target.authority(), DEFAULT_PORT);
        ConsulServer server = new ConsulServer(asked, told.secure(), () -> client(told.tls()), told.token());
        return new ConsulResolver(server, told.query().with(target.endpoint()), told.queryWait(), context);
    }

    /** Version 1.1: Consul speaks HTTP/2 by TLS only, and an offer to upgrade would cost each request a header. */
    private synchronized HttpClient client(@Nullable SSLContext tls) {
        if (client == null) {
            HttpClient.Builder builder =
                    HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT_TIMEOUT);
            client = tls == null ? builder.build() : builder.sslContext(tls).build();
        }
        return client;
    }

    /** The options of a provider. Not safe for use by several threads. */
    public static final class Builder {
        private static final Duration MIN_WAIT = Duration.ofSeconds(1);
        private static final Duration MAX_WAIT = Duration.ofMinutes(10);

        private HostPort address = new HostPort("127.0.0.1", DEFAULT_PORT);
        private boolean secure;
        private @Nullable SSLContext tls;
        private Supplier<String> token = () -> "";
        private ServiceQuery query = ServiceQuery.DEFAULT;
        private Duration wait = Duration.ofMinutes(1);

        private Builder(Map<String, String> environment) {
            String named = environment.getOrDefault("CONSUL_HTTP_ADDR", "");
            if (!named.isEmpty()) {
                address(named);
            }
            token(environment.getOrDefault("CONSUL_HTTP_TOKEN", "").strip());
        }

        /**
         * Where Consul is, for targets that do not say: {@code host}, {@code host:port}, or these behind {@code http://}
         * or {@code https://}, which also says whether TLS is used.
         *
         * @throws IllegalArgumentException if it is malformed
         */
        public Builder address(String newAddress) {
            if (newAddress.contains("://")) {
                URI uri = URI.create(newAddress);
                boolean http = "http".equals(uri.getScheme());
                if (!(http || "https".equals(uri.getScheme())) || uri.getRawAuthority() == null) {
                    throw new IllegalArgumentException(
                            "consul address: \"" + newAddress + "\" (expected: [http[s]://]host[:port])");
                }
                secure = !http;
                address = HostPort.parse(uri.getRawAuthority(), DEFAULT_PORT);
            } else {
                address = HostPort.parse(newAddress, DEFAULT_PORT);
            }
            return this;
        }

        /** Asks by TLS, with the trust and, if it has any, the key of this context; default plaintext. */
        public Builder tls(SSLContext context) {
            tls = context;
            secure = true;
            return this;
        }

        /**
         * The ACL token; empty for none.
         *
         * @throws IllegalArgumentException if it has a character that is not visible ASCII
         */
        public Builder token(String newToken) {
            String checked = ConsulServer.requireToken(newToken);
            return token(() -> checked);
        }

        /** Where the ACL token comes from, for tokens that change. Asked for each request; must not block. */
        public Builder token(Supplier<String> source) {
            token = Objects.requireNonNull(source);
            return this;
        }

        /** A tag that instances must have, beside others that are given. */
        public Builder tag(String tag) {
            query = query.withTag(tag);
            return this;
        }

        /** The datacenter, for targets that name none; default the agent's own. */
        public Builder datacenter(String name) {
            query = query.withDatacenter(name);
            return this;
        }

        /**
         * Sorts instances by their round trip from this node, {@code _agent} for the agent's own, for targets that name
         * none; default no order. Counts for policies that prefer the first, such as {@code pick_first}.
         */
        public Builder near(String node) {
            query = query.withNear(node);
            return this;
        }

        /** Which instances count, for targets that do not say; default {@link HealthFilter#PASSING}. */
        public Builder health(HealthFilter filter) {
            query = query.withHealth(filter);
            return this;
        }

        /**
         * How long Consul may hold a query while nothing changes, in whole seconds; default 1 min. Consul that hangs is
         * noticed after this time and about 10 s.
         *
         * @throws IllegalArgumentException if it is not from 1 s to 10 min
         */
        public Builder queryWait(Duration newWait) {
            if (newWait.compareTo(MIN_WAIT) < 0 || newWait.compareTo(MAX_WAIT) > 0) {
                throw new IllegalArgumentException("query wait: " + newWait + " (expected: PT1S..PT10M)");
            }
            wait = Duration.ofSeconds(newWait.toSeconds());
            return this;
        }

        /** The provider. */
        public ConsulResolverProvider build() {
            Options told = options();
            return new ConsulResolverProvider(() -> told);
        }

        private Options options() {
            return new Options(address, secure, tls, token, query, wait);
        }
    }
}
