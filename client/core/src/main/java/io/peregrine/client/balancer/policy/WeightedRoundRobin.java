package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.weighted.WeightedRoundRobinBalancer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The policy {@code weighted_round_robin} (SPEC 2.8.4, gRFC A58): endpoints that are ready take turns in proportion to their
 * weights, which are the calls that a server carries for the load that it reports. Immutable.
 *
 * <p>Servers report in the trailers of calls, or, with {@link Builder#outOfBandReports}, on a stream of their own, which
 * costs calls nothing. While fewer than two endpoints have a weight of their own, the resolver's
 * {@link io.peregrine.client.resolver.Endpoint#WEIGHT} counts; if that is equal, too, all have the same share. The share of
 * one endpoint is a tenth to ten times that of the mean.
 */
public final class WeightedRoundRobin implements LoadBalancingPolicy {
    private static final String NAME = "weighted_round_robin";

    /** What is more often costs time and tells nothing new (WR-1). */
    private static final Duration SHORTEST_PERIOD = Duration.ofMillis(100);

    /** Fits into a long of nanoseconds. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private final boolean outOfBand;
    private final Duration reportingPeriod;
    private final Duration blackoutPeriod;
    private final Duration weightExpiration;
    private final Duration weightUpdatePeriod;
    private final double errorUtilizationPenalty;
    private final List<String> utilizationMetrics;
    private final @Nullable SlowStart slowStart;
    private final @Nullable WeightObserver observer;

    private WeightedRoundRobin(Builder builder) {
        this.outOfBand = builder.outOfBand;
        this.reportingPeriod = within(SHORTEST_PERIOD, builder.reportingPeriod);
        this.blackoutPeriod = within(Duration.ZERO, builder.blackoutPeriod);
        this.weightExpiration = within(Duration.ZERO, builder.weightExpiration);
        this.weightUpdatePeriod = within(SHORTEST_PERIOD, builder.weightUpdatePeriod);
        this.errorUtilizationPenalty = builder.errorUtilizationPenalty;
        this.utilizationMetrics = builder.utilizationMetrics;
        this.slowStart = builder.slowStart;
        this.observer = builder.observer;
    }

    private static Duration within(Duration shortest, Duration set) {
        if (set.compareTo(shortest) < 0) {
            return shortest;
        }
        return set.compareTo(LONGEST) > 0 ? LONGEST : set;
    }

    /** The policy, with reports in trailers and the defaults of gRFC A58. */
    public static WeightedRoundRobin policy() {
        return builder().build();
    }

    /** Starts to describe another one. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads a config as gRFC A58, A100 and A114 have it; every field may be absent:
     *
     * <pre>{@code
     * {"enableOobLoadReport": false, "oobReportingPeriod": "10s", "blackoutPeriod": "10s",
     *  "weightExpirationPeriod": "180s", "weightUpdatePeriod": "1s", "errorUtilizationPenalty": 1.0,
     *  "metricNamesForComputingUtilization": ["named_metrics.queue"],
     *  "slowStartConfig": {"slowStartWindow": "30s", "aggression": 1.0, "minWeightPercent": 10.0}}
     * }</pre>
     */
    public static LoadBalancerProvider provider() {
        return provider(null);
    }

    /** As {@link #provider()}; tells {@code observer}, unless it is null, of the weights in all channels that use it. */
    public static LoadBalancerProvider provider(@Nullable WeightObserver observer) {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return read(config, observer);
            }
        };
    }

    private static LoadBalancingPolicy read(ConfigObject config, @Nullable WeightObserver observer) {
        Builder builder = builder();
        builder.observer = observer;
        ConfigValue outOfBand = config.field("enableOobLoadReport");
        builder.outOfBand = outOfBand.isPresent() && outOfBand.asBoolean();
        builder.reportingPeriod = duration(config, "oobReportingPeriod", builder.reportingPeriod);
        builder.blackoutPeriod = duration(config, "blackoutPeriod", builder.blackoutPeriod);
        builder.weightExpiration = duration(config, "weightExpirationPeriod", builder.weightExpiration);
        builder.weightUpdatePeriod = duration(config, "weightUpdatePeriod", builder.weightUpdatePeriod);
        ConfigValue penalty = config.field("errorUtilizationPenalty");
        if (penalty.isPresent()) {
            builder.errorUtilizationPenalty = penalty.asDouble(0, true, Double.MAX_VALUE);
        }
        ConfigValue metrics = config.field("metricNamesForComputingUtilization");
        if (metrics.isPresent()) {
            builder.utilizationMetrics =
                    metrics.asList().stream().map(ConfigValue::asString).toList();
        }
        builder.slowStart = SlowStart.parse(config.field("slowStartConfig"));
        return builder.build();
    }

    private static Duration duration(ConfigObject config, String field, Duration otherwise) {
        ConfigValue value = config.field(field);
        return value.isPresent() ? value.asDuration() : otherwise;
    }

    /** Whether servers report on a stream of their own; then what is in trailers does not count (WR-7). */
    public boolean isOutOfBand() {
        return outOfBand;
    }

    /** The time between two reports on a stream. */
    public Duration reportingPeriod() {
        return reportingPeriod;
    }

    /** For how long an endpoint's first reports are not believed. */
    public Duration blackoutPeriod() {
        return blackoutPeriod;
    }

    /** How long a report counts. */
    public Duration weightExpiration() {
        return weightExpiration;
    }

    /** How often the weights are computed. */
    public Duration weightUpdatePeriod() {
        return weightUpdatePeriod;
    }

    /** How much load a call stands for that failed. */
    public double errorUtilizationPenalty() {
        return errorUtilizationPenalty;
    }

    /** What counts as utilization, if a report has it. */
    public List<String> utilizationMetrics() {
        return utilizationMetrics;
    }

    /** How the share of a new endpoint grows; null if it has all of it at once. */
    public @Nullable SlowStart slowStart() {
        return slowStart;
    }

    /** Who is told of the weights; null for nobody. */
    public @Nullable WeightObserver observer() {
        return observer;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new WeightedRoundRobinBalancer(context, this);
    }

    private List<@Nullable Object> values() {
        return Arrays.asList(
                outOfBand,
                reportingPeriod,
                blackoutPeriod,
                weightExpiration,
                weightUpdatePeriod,
                errorUtilizationPenalty,
                utilizationMetrics,
                slowStart,
                observer);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof WeightedRoundRobin that && values().equals(that.values());
    }

    @Override
    public int hashCode() {
        return values().hashCode();
    }

    @Override
    public String toString() {
        return NAME + values();
    }

    /** Describes a policy. Each setting has the default of gRFC A58. */
    public static final class Builder {
        private boolean outOfBand;
        private Duration reportingPeriod = Duration.ofSeconds(10);
        private Duration blackoutPeriod = Duration.ofSeconds(10);
        private Duration weightExpiration = Duration.ofMinutes(3);
        private Duration weightUpdatePeriod = Duration.ofSeconds(1);
        private double errorUtilizationPenalty = 1;
        private List<String> utilizationMetrics = List.of();
        private @Nullable SlowStart slowStart;
        private @Nullable WeightObserver observer;

        private Builder() {}

        /**
         * Asks servers for reports on a stream of their own, in place of those in trailers. They must offer the service
         * {@code xds.service.orca.v3.OpenRcaService}.
         *
         * @param period between two reports; default 10 s, at least 100 ms: what is less becomes that
         */
        public Builder outOfBandReports(Duration period) {
            outOfBand = true;
            reportingPeriod = notNegative("period", period);
            return this;
        }

        /**
         * For how long after its first report an endpoint keeps the mean weight, until its reports have settled; default
         * 10 s, zero for not at all.
         */
        public Builder blackoutPeriod(Duration period) {
            blackoutPeriod = notNegative("period", period);
            return this;
        }

        /** How long a report counts; default 3 minutes. After that the endpoint has the mean weight. */
        public Builder weightExpiration(Duration age) {
            weightExpiration = notNegative("age", age);
            return this;
        }

        /** How often the weights are computed; default 1 s, at least 100 ms: what is less becomes that. */
        public Builder weightUpdatePeriod(Duration period) {
            weightUpdatePeriod = notNegative("period", period);
            return this;
        }

        /**
         * How much utilization is added for the share of calls that fail; default 1, so that an endpoint whose calls all
         * fail counts as one more server's worth of load. 0 for none.
         *
         * @throws IllegalArgumentException if it is negative or not finite
         */
        public Builder errorUtilizationPenalty(double penalty) {
            if (!(penalty >= 0 && penalty <= Double.MAX_VALUE)) {
                throw new IllegalArgumentException("penalty: " + penalty + " (expected: 0 or more)");
            }
            errorUtilizationPenalty = penalty;
            return this;
        }

        /**
         * What counts as utilization: the greatest of these that a report has (gRFC A114). {@code cpu_utilization},
         * {@code mem_utilization}, {@code application_utilization}, or a name of the server's own behind
         * {@code utilization.} or {@code named_metrics.}; other names are ignored. By default, and if a report has none of
         * them, the utilization of the application, or else that of the processors.
         */
        public Builder utilizationMetrics(String... names) {
            utilizationMetrics = List.of(names);
            return this;
        }

        /** Lets the share of an endpoint grow when it has become ready; default: it has all of it at once. */
        public Builder slowStart(SlowStart newSlowStart) {
            slowStart = newSlowStart;
            return this;
        }

        /** Tells somebody what is found each time that weights are computed; default: nobody. */
        public Builder observer(WeightObserver newObserver) {
            observer = newObserver;
            return this;
        }

        /** The policy. */
        public WeightedRoundRobin build() {
            return new WeightedRoundRobin(this);
        }

        private static Duration notNegative(String name, Duration value) {
            if (value.isNegative()) {
                throw new IllegalArgumentException(name + ": " + value + " (expected: zero or more)");
            }
            return value;
        }
    }
}
