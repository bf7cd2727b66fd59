package io.peregrine.client.balancer.policy;

import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the share of an endpoint grows after it has become READY (SPEC EX-2, gRFC A100), so that a server whose caches and
 * compiled code are cold is not at once given what the others carry. Its weight is multiplied by
 * {@code max(minimumPercent / 100, (age / window) ^ (1 / aggression))}. Of no effect while all endpoints are equally new.
 * Immutable.
 *
 * @param window how long it takes; more than zero, at most 36 500 days
 * @param aggression more than 0: 1 is a straight line, more is steeper at first
 * @param minimumPercent the share to begin with, 0 to 100
 */
public record SlowStart(Duration window, double aggression, double minimumPercent) {
    private static final double LINEAR = 1;
    private static final double TEN_PERCENT = 10;

    /** What is left of a weight at least, so that no endpoint is left without any call for the whole window. */
    private static final double LEAST_FACTOR = 0.001;

    private static final Duration LONGEST = Duration.ofDays(36_500);

    /**
     * Checks the bounds.
     *
     * @throws IllegalArgumentException if a value is out of them
     */
    public SlowStart {
        if (window.isNegative() || window.isZero() || window.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "window: " + window + " (expected: more than zero, up to " + LONGEST + ')');
        }
        if (!(aggression > 0 && aggression <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("aggression: " + aggression + " (expected: more than 0)");
        }
        if (!(minimumPercent >= 0 && minimumPercent <= 100)) {
            throw new IllegalArgumentException("minimumPercent: " + minimumPercent + " (expected: 0..100)");
        }
    }

    /** A straight line from 10 % of the weight to all of it. */
    public static SlowStart linear(Duration window) {
        return new SlowStart(window, LINEAR, TEN_PERCENT);
    }

    /**
     * Reads {@code {"slowStartWindow": "30s", "aggression": 1.0, "minWeightPercent": 10.0}}; the window must be there.
     *
     * @return null if {@code value} is absent
     * @throws io.peregrine.client.config.json.ServiceConfigException if it is wrong
     */
    public static @Nullable SlowStart parse(ConfigValue value) {
        if (!value.isPresent()) {
            return null;
        }
        ConfigObject config = value.asObject();
        ConfigValue window = config.field("slowStartWindow");
        Duration length = window.asPositiveDuration();
        if (length.compareTo(LONGEST) > 0) {
            throw window.wrong("a duration of at most " + LONGEST.toDays() + " days");
        }
        ConfigValue aggression = config.field("aggression");
        ConfigValue minimum = config.field("minWeightPercent");
        return new SlowStart(
                length,
                aggression.isPresent() ? aggression.asDouble(0, false, Double.MAX_VALUE) : LINEAR,
                minimum.isPresent() ? minimum.asDouble(0, true, 100) : TEN_PERCENT);
    }

    /** What to multiply the weight by of an endpoint that is READY for {@code ageNs}; more than 0, 1 after the window. */
    public double factor(long ageNs) {
        long windowNs = window.toNanos();
        if (ageNs >= windowNs) {
            return 1;
        }
        double grown = Math.pow((double) Math.max(0, ageNs) / windowNs, 1 / aggression);
        return Math.max(LEAST_FACTOR, Math.max(minimumPercent / 100, grown));
    }
}
