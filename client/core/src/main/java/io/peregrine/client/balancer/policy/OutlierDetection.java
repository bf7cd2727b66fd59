package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.outlier.OutlierDetectionBalancer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The policy {@code outlier_detection} (gRFC A50, SPEC 2.8.8): looks at how the calls to each endpoint end, and takes those
 * that fail more than others out of its child's choice for a while. Their connections stay. Immutable.
 *
 * <p>The child must be a policy that spreads calls over endpoints: {@code pick_first} goes on with an endpoint that is
 * ejected, as it has no other.
 *
 * @param interval how often the counts are looked at, 1 ms or more; default 10 s
 * @param baseEjectionTime how long an endpoint is out the first time, zero or more; n times that if it was so n times of
 *     late; default 30 s
 * @param maxEjectionTime how long it is out at most; less than {@code baseEjectionTime} counts as that; default 300 s
 * @param maxEjectionPercent when so many of the endpoints are out, no further one is; 0..100, default 10. One may always be,
 *     unless it is 0
 * @param successRate how endpoints are found by comparison with the others; null if they are not
 * @param failurePercentage how endpoints are found by their failures alone; null if they are not
 * @param childPolicy what spreads the calls
 * @param observer who is told of ejections; null for nobody
 */
public record OutlierDetection(
        Duration interval,
        Duration baseEjectionTime,
        Duration maxEjectionTime,
        int maxEjectionPercent,
        @Nullable SuccessRate successRate,
        @Nullable FailurePercentage failurePercentage,
        LoadBalancingPolicy childPolicy,
        @Nullable EjectionObserver observer)
        implements LoadBalancingPolicy {
    private static final String NAME = "outlier_detection";
    private static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);
    private static final Duration DEFAULT_BASE_EJECTION_TIME = Duration.ofSeconds(30);
    private static final Duration DEFAULT_MAX_EJECTION_TIME = Duration.ofMinutes(5);
    private static final int DEFAULT_MAX_EJECTION_PERCENT = 10;

    /** Looking at all endpoints more often would leave no time for anything else. */
    private static final Duration MIN_INTERVAL = Duration.ofMillis(1);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public OutlierDetection {
        if (interval.compareTo(MIN_INTERVAL) < 0) {
            throw new IllegalArgumentException("interval: " + interval + " (expected: 1 ms or more)");
        }
        requireNotNegative("baseEjectionTime", baseEjectionTime);
        requireNotNegative("maxEjectionTime", maxEjectionTime);
        requirePercent("maxEjectionPercent", maxEjectionPercent);
    }

    /**
     * An endpoint is an outlier if the share of its calls that ended with OK is far below the mean of all (OD-4).
     *
     * @param stdevFactor how far: thousandths of the standard deviation; 0 or more, default 1900
     * @param enforcementPercentage how probably an outlier is ejected; 0..100, default 100
     * @param minimumHosts how many endpoints must have had enough calls; 0 or more, default 5
     * @param requestVolume how many calls in an interval are enough; 0 or more, default 100. An endpoint without any is not
     *     looked at
     */
    public record SuccessRate(int stdevFactor, int enforcementPercentage, int minimumHosts, int requestVolume) {
        /** As gRPC has it, unless told otherwise. */
        public static final SuccessRate DEFAULT = new SuccessRate(1900, 100, 5, 100);

        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if a value is out of its range
         */
        public SuccessRate {
            requireCount("stdevFactor", stdevFactor);
            requirePercent("enforcementPercentage", enforcementPercentage);
            requireCount("minimumHosts", minimumHosts);
            requireCount("requestVolume", requestVolume);
        }
    }

    /**
     * An endpoint is an outlier if more than so many of its calls did not end with OK (OD-5).
     *
     * @param threshold percent of the calls; 0..100, default 85
     * @param enforcementPercentage how probably an outlier is ejected; 0..100, default 100 (SPEC D21)
     * @param minimumHosts how many endpoints must have had enough calls; 0 or more, default 5
     * @param requestVolume how many calls in an interval are enough; 0 or more, default 50. An endpoint without any is not
     *     looked at
     */
    public record FailurePercentage(int threshold, int enforcementPercentage, int minimumHosts, int requestVolume) {
        /** As gRPC has it, unless told otherwise. */
        public static final FailurePercentage DEFAULT = new FailurePercentage(85, 100, 5, 50);

        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if a value is out of its range
         */
        public FailurePercentage {
            requirePercent("threshold", threshold);
            requirePercent("enforcementPercentage", enforcementPercentage);
            requireCount("minimumHosts", minimumHosts);
            requireCount("requestVolume", requestVolume);
        }
    }

    /** The policy over a child, with both ways to find outliers and all defaults. */
    public static OutlierDetection over(LoadBalancingPolicy childPolicy) {
        return new OutlierDetection(
                DEFAULT_INTERVAL,
                DEFAULT_BASE_EJECTION_TIME,
                DEFAULT_MAX_EJECTION_TIME,
                DEFAULT_MAX_EJECTION_PERCENT,
                SuccessRate.DEFAULT,
                FailurePercentage.DEFAULT,
                childPolicy,
                null);
    }

    /** This policy with another interval. */
    public OutlierDetection withInterval(Duration newInterval) {
        return new OutlierDetection(
                newInterval,
                baseEjectionTime,
                maxEjectionTime,
                maxEjectionPercent,
                successRate,
                failurePercentage,
                childPolicy,
                observer);
    }

    /** This policy with other times of ejection. */
    public OutlierDetection withEjectionTime(Duration base, Duration max) {
        return new OutlierDetection(
                interval, base, max, maxEjectionPercent, successRate, failurePercentage, childPolicy, observer);
    }

    /** This policy with another limit of endpoints that are out at a time. */
    public OutlierDetection withMaxEjectionPercent(int percent) {
        return new OutlierDetection(
                interval,
                baseEjectionTime,
                maxEjectionTime,
                percent,
                successRate,
                failurePercentage,
                childPolicy,
                observer);
    }

    /** This policy with other ways to find outliers; null for one that is not used. */
    public OutlierDetection detecting(
            @Nullable SuccessRate newSuccessRate, @Nullable FailurePercentage newFailurePercentage) {
        return new OutlierDetection(
                interval,
                baseEjectionTime,
                maxEjectionTime,
                maxEjectionPercent,
                newSuccessRate,
                newFailurePercentage,
                childPolicy,
                observer);
    }

    /** This policy, which tells {@code newObserver} what it does. */
    public OutlierDetection observedBy(EjectionObserver newObserver) {
        return new OutlierDetection(
                interval,
                baseEjectionTime,
                maxEjectionTime,
                maxEjectionPercent,
                successRate,
                failurePercentage,
                childPolicy,
                newObserver);
    }

    /**
     * Reads the fields of this record, and of {@code successRateEjection} and {@code failurePercentageEjection}, each of which
     * is used only if it is there (OD-1). {@code childPolicy} is a list of policies, of which the first that is known counts.
     */
    public static LoadBalancerProvider provider() {
        return provider(null);
    }

    /** As {@link #provider()}; tells {@code observer}, unless it is null, of the ejections of all channels that use it. */
    public static LoadBalancerProvider provider(@Nullable EjectionObserver observer) {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return read(config, policies, observer);
            }
        };
    }

    private static OutlierDetection read(
            ConfigObject config, LoadBalancerRegistry policies, @Nullable EjectionObserver observer) {
        ConfigValue interval = config.field("interval");
        if (interval.isPresent() && interval.asPositiveDuration().compareTo(MIN_INTERVAL) < 0) {
            throw interval.wrong("a duration of 1 ms or more");
        }
        ConfigValue successRate = config.field("successRateEjection");
        ConfigValue failurePercentage = config.field("failurePercentageEjection");
        return new OutlierDetection(
                interval.isPresent() ? interval.asDuration() : DEFAULT_INTERVAL,
                readTime(config.field("baseEjectionTime"), DEFAULT_BASE_EJECTION_TIME),
                readTime(config.field("maxEjectionTime"), DEFAULT_MAX_EJECTION_TIME),
                readPercent(config.field("maxEjectionPercent"), DEFAULT_MAX_EJECTION_PERCENT),
                successRate.isPresent() ? readSuccessRate(successRate.asObject()) : null,
                failurePercentage.isPresent() ? readFailurePercentage(failurePercentage.asObject()) : null,
                policies.parse(config.field("childPolicy")),
                observer);
    }

    private static SuccessRate readSuccessRate(ConfigObject config) {
        SuccessRate otherwise = SuccessRate.DEFAULT;
        return new SuccessRate(
                readCount(config.field("stdevFactor"), otherwise.stdevFactor),
                readPercent(config.field("enforcementPercentage"), otherwise.enforcementPercentage),
                readCount(config.field("minimumHosts"), otherwise.minimumHosts),
                readCount(config.field("requestVolume"), otherwise.requestVolume));
    }

    private static FailurePercentage readFailurePercentage(ConfigObject config) {
        FailurePercentage otherwise = FailurePercentage.DEFAULT;
        return new FailurePercentage(
                readPercent(config.field("threshold"), otherwise.threshold),
                readPercent(config.field("enforcementPercentage"), otherwise.enforcementPercentage),
                readCount(config.field("minimumHosts"), otherwise.minimumHosts),
                readCount(config.field("requestVolume"), otherwise.requestVolume));
    }

    private static Duration readTime(ConfigValue time, Duration otherwise) {
        return time.isPresent() ? time.asDuration() : otherwise;
    }

    private static int readCount(ConfigValue count, int otherwise) {
        return count.isPresent() ? count.asInt(0) : otherwise;
    }

    private static int readPercent(ConfigValue percent, int otherwise) {
        if (!percent.isPresent()) {
            return otherwise;
        }
        String expected = "an integer in 0..100";
        int value = percent.asInt(0, expected);
        if (value > 100) {
            throw percent.wrong(expected);
        }
        return value;
    }

    private static void requireNotNegative(String what, Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException(what + ": " + duration + " (expected: zero or more)");
        }
    }

    private static void requirePercent(String what, int percent) {
        if (percent < 0 || percent > 100) {
            throw new IllegalArgumentException(what + ": " + percent + " (expected: 0..100)");
        }
    }

    private static void requireCount(String what, int count) {
        if (count < 0) {
            throw new IllegalArgumentException(what + ": " + count + " (expected: 0 or more)");
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new OutlierDetectionBalancer(context, this);
    }
}
