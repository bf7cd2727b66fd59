package io.peregrine.client.resolver.dns;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How the scheme {@code dns} resolves names: given to {@link DnsResolverProvider}, and so to {@code
 * ClientConnBuilder.resolver}. Immutable.
 */
public final class DnsOptions {
    private static final DnsOptions DEFAULTS = builder().build();

    private final @Nullable Boolean systemResolver;
    private final List<InetSocketAddress> servers;
    private final boolean honourTtl;
    private final boolean serviceConfig;
    private final boolean srv;
    private final Duration minInterval;
    private final @Nullable Duration refreshInterval;
    private final Duration lookupTimeout;
    private final Duration queryTimeout;
    private final AddressFamilies families;

    private DnsOptions(Builder builder) {
        this.systemResolver = builder.systemResolver;
        this.servers = builder.servers;
        this.honourTtl = builder.honourTtl;
        this.serviceConfig = builder.serviceConfig;
        this.srv = builder.srv;
        this.minInterval = builder.minInterval;
        this.refreshInterval = builder.refreshInterval;
        this.lookupTimeout = builder.lookupTimeout;
        this.queryTimeout = builder.queryTimeout;
        this.families = builder.families;
    }

    /** The defaults: those that {@link Builder} names. */
    public static DnsOptions defaults() {
        return DEFAULTS;
    }

    /** Starts with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether the addresses of a target that names no server come from the system; see {@link Builder#systemResolver}. */
    public boolean systemResolver() {
        return systemResolver == null ? !needsServers() : systemResolver;
    }

    /** The name servers; empty for those of the system. */
    public List<InetSocketAddress> servers() {
        return servers;
    }

    /** Whether names are looked up again when the time to live of their records is over. */
    public boolean honourTtl() {
        return honourTtl;
    }

    /** Whether TXT records may bring a service config. */
    public boolean serviceConfig() {
        return serviceConfig;
    }

    /** Whether names are those of SRV records. */
    public boolean srv() {
        return srv;
    }

    /** The least time between a success and the next look-up. */
    public Duration minInterval() {
        return minInterval;
    }

    /** How often a name is looked up unasked; empty for never. */
    public Optional<Duration> refreshInterval() {
        return Optional.ofNullable(refreshInterval);
    }

    /** How long a look-up may take in all. */
    public Duration lookupTimeout() {
        return lookupTimeout;
    }

    /** How long one name server may take for one question. */
    public Duration queryTimeout() {
        return queryTimeout;
    }

    /** Which families of addresses. */
    public AddressFamilies families() {
        return families;
    }

    private boolean needsServers() {
        return honourTtl || srv || !servers.isEmpty();
    }

    private DnsOptions checked() {
        requireInRange("minimum interval", minInterval, true);
        requireInRange("refresh interval", refreshInterval == null ? minInterval : refreshInterval, true);
        requireInRange("lookup timeout", lookupTimeout, false);
        requireInRange("query timeout", queryTimeout, false);
        if (refreshInterval != null && refreshInterval.compareTo(minInterval) < 0) {
            throw new IllegalArgumentException("refresh interval: " + refreshInterval
                    + " (expected: at least the minimum interval, " + minInterval + ')');
        }
        if (systemResolver != null && systemResolver && needsServers()) {
            throw new IllegalArgumentException(
                    "system resolver: true (expected: false, since the system tells neither TTL nor SRV records, and"
                            + " asks its own servers)");
        }
        return this;
    }

    private static void requireInRange(String what, Duration value, boolean orZero) {
        boolean small = value.isNegative() || (value.isZero() && !orZero);
        if (small || value.compareTo(Builder.LONGEST) > 0) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: "
                    + (orZero ? "at least 0" : "more than 0") + " and at most " + Builder.LONGEST.toDays() + " days)");
        }
    }

    /** Describes the options; {@link #build()} checks them. Not safe for use by several threads. */
    public static final class Builder {
        private static final Duration LONGEST = Duration.ofDays(365);

        private @Nullable Boolean systemResolver;
        private List<InetSocketAddress> servers = List.of();
        private boolean honourTtl;
        private boolean serviceConfig;
        private boolean srv;
        private Duration minInterval = Duration.ofSeconds(30);
        private @Nullable Duration refreshInterval;
        private Duration lookupTimeout = Duration.ofSeconds(30);
        private Duration queryTimeout = Duration.ofSeconds(5);
        private AddressFamilies families = AddressFamilies.AS_JDK;

        private Builder() {}

        /**
         * Whether addresses come from the JDK, which asks the operating system, or from name servers that are asked
         * from here, without a thread that waits. Default: the JDK, unless {@link #servers}, {@link #honourTtl} or
         * {@link #srv} want more than the system can tell. A target that names a server ({@code dns://server/host})
         * always asks that server.
         *
         * <p>The system knows all sources of names of the machine, whatever {@code nsswitch.conf}, VPNs or mDNS add;
         * its look-up occupies a thread while it lasts, and the JDK remembers its answers for 30 s
         * ({@code networkaddress.cache.ttl}). Name servers are asked with the search domains of {@code resolv.conf},
         * after {@code /etc/hosts}.
         */
        public Builder systemResolver(boolean on) {
            systemResolver = on;
            return this;
        }

        /** The name servers to ask, in this order; default those of the system. */
        public Builder servers(List<InetSocketAddress> newServers) {
            servers = List.copyOf(newServers);
            return this;
        }

        /**
         * Whether a name is looked up again when the shortest time to live of its records is over, but never before
         * {@link #minInterval}. Default false.
         */
        public Builder honourTtl(boolean on) {
            honourTtl = on;
            return this;
        }

        /**
         * Whether the TXT records of {@code _grpc_config.host} may bring a service config (gRFC A2). Default false:
         * whoever controls the name's records controls how its clients call (D18). Not asked for IP addresses and
         * {@code localhost} (A10), nor on a channel that wants no such config.
         */
        public Builder serviceConfig(boolean on) {
            serviceConfig = on;
            return this;
        }

        /**
         * Whether targets name SRV records (RFC 2782), such as {@code _grpc._tcp.greeter.internal}: hosts and ports
         * come from the records, by priority and then at random by weight, with the weight as {@link
         * io.peregrine.client.resolver.Endpoint#WEIGHT}. The port of the target is ignored. Default false.
         */
        public Builder srv(boolean on) {
            srv = on;
            return this;
        }

        /** The least time between a success and the next look-up; at least 0, default 30 s (SPEC DN-5). */
        public Builder minInterval(Duration interval) {
            minInterval = interval;
            return this;
        }

        /**
         * How often a name is looked up even if no connection was lost; at least {@link #minInterval}. Default never:
         * then new servers are found when an old one goes.
         */
        public Builder refreshInterval(Duration interval) {
            refreshInterval = interval;
            return this;
        }

        /** How long a look-up may take, all its questions and repetitions together; more than 0, default 30 s. */
        public Builder lookupTimeout(Duration timeout) {
            lookupTimeout = timeout;
            return this;
        }

        /**
         * After which time the next name server is asked, or the first again; more than 0, default 5 s. It is also how
         * long addresses wait for their service config.
         */
        public Builder queryTimeout(Duration timeout) {
            queryTimeout = timeout;
            return this;
        }

        /** Which families of addresses, and in which order; default {@link AddressFamilies#AS_JDK}. */
        public Builder families(AddressFamilies newFamilies) {
            families = newFamilies;
            return this;
        }

        /**
         * Makes the options.
         *
         * @throws IllegalArgumentException if a duration is out of its range, or the system is to tell what it cannot
         */
        public DnsOptions build() {
            return new DnsOptions(this).checked();
        }
    }
}
