package io.peregrine.client.config.json;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A value of a service config and its JSON path; it may be absent. Each {@code as} method returns the value as the
 * schema wants it, or throws a {@link ServiceConfigException} that says where, what and what instead. Immutable, as
 * long as nobody changes the maps behind it.
 */
public final class ConfigValue {
    /** google.protobuf.Duration: 10 000 years (SV-2). */
    private static final long MAX_SECONDS = 315_576_000_000L;

    private static final int NANO_DIGITS = 9;
    private static final Pattern DURATION = Pattern.compile("(-?)([0-9]{0,18})(?:\\.([0-9]{0,9}))?s");
    private static final String DURATION_FORM = "a duration such as \"1.5s\", with at most 9 decimals";
    private static final BigDecimal MAX_INT = BigDecimal.valueOf(Integer.MAX_VALUE);

    private final String path;
    private final @Nullable Object value;

    ConfigValue(String path, @Nullable Object value) {
        this.path = path;
        this.value = value;
    }

    /** The value that a config is; its path is {@code $}. */
    public static ConfigValue root(@Nullable Object value) {
        return new ConfigValue("$", value);
    }

    /** Where the value is, for example {@code $.methodConfig[1].timeout}. */
    public String path() {
        return path;
    }

    /** Whether there is a value. A null counts as none, as it does in the JSON form of protobuf. */
    public boolean isPresent() {
        return value != null;
    }

    /** The object. */
    public ConfigObject asObject() {
        if (value instanceof Map<?, ?> map) {
            return new ConfigObject(path, map);
        }
        throw wrong("an object");
    }

    /** The elements of the list. */
    public List<ConfigValue> asList() {
        if (!(value instanceof List<?> list)) {
            throw wrong("a list");
        }
        List<ConfigValue> elements = new ArrayList<>(list.size());
        for (Object element : list) {
            elements.add(new ConfigValue(path + '[' + elements.size() + ']', element));
        }
        return elements;
    }

    /** The boolean. */
    public boolean asBoolean() {
        if (value instanceof Boolean known) {
            return known;
        }
        throw wrong("true or false");
    }

    /** The string. */
    public String asString() {
        if (value instanceof String text) {
            return text;
        }
        throw wrong("a string");
    }

    /** Whether it is an object. */
    public boolean isObject() {
        return value instanceof Map;
    }

    /** Whether it is a string. */
    public boolean isString() {
        return value instanceof String;
    }

    /**
     * The integer; beyond {@code Integer.MAX_VALUE} it is that. Any kind of number will do, and so does one in quotes,
     * as in the JSON form of protobuf (SV-14).
     *
     * @param lowest what it must be at least
     */
    public int asInt(int lowest) {
        return asInt(lowest, "an integer of at least " + lowest);
    }

    /** As {@link #asInt(int)}, where {@code expected} says better what it should be. */
    public int asInt(int lowest, String expected) {
        BigDecimal number = decimal();
        if (number == null || number.compareTo(BigDecimal.valueOf(lowest)) < 0) {
            throw wrong(expected);
        }
        if (number.compareTo(MAX_INT) >= 0) {
            return Integer.MAX_VALUE;
        }
        try {
            return number.intValueExact();
        } catch (ArithmeticException fraction) {
            throw wrong(expected);
        }
    }

    /**
     * The number, of any kind and in quotes or not (SV-14).
     *
     * @param lowest what it must be at least, or more than
     * @param inclusive whether it may be {@code lowest} itself
     * @param highest what it may be at most
     */
    public double asDouble(double lowest, boolean inclusive, double highest) {
        BigDecimal number = decimal();
        double rounded = number == null ? Double.NaN : number.doubleValue();
        if (!(rounded <= highest) || !(inclusive ? rounded >= lowest : rounded > lowest)) {
            String bounds = (inclusive ? "at least " : "more than ") + plain(lowest);
            throw wrong(
                    "a number of " + bounds + (highest == Double.MAX_VALUE ? "" : " and at most " + plain(highest)));
        }
        return rounded;
    }

    /** The duration, zero or more (SV-2). */
    public Duration asDuration() {
        Duration duration = anyDuration();
        if (duration.isNegative()) {
            throw wrong("a duration of zero or more");
        }
        return duration;
    }

    /** The duration, more than zero (SV-2). */
    public Duration asPositiveDuration() {
        Duration duration = anyDuration();
        if (duration.isNegative() || duration.isZero()) {
            throw wrong("a duration of more than zero");
        }
        return duration;
    }

    /** The error that this value is not what is {@code expected}, as a phrase such as "a string". */
    public ServiceConfigException wrong(String expected) {
        return new ServiceConfigException(path + ": " + description() + " (expected: " + expected + ')');
    }

    private Duration anyDuration() {
        Matcher parts = value instanceof String text ? DURATION.matcher(text) : null;
        if (parts == null || !parts.matches()) {
            throw wrong(DURATION_FORM);
        }
        String whole = parts.group(2);
        String decimals = parts.group(3) == null ? "" : parts.group(3);
        if (whole.isEmpty() && decimals.isEmpty()) {
            throw wrong(DURATION_FORM);
        }
        long seconds = whole.isEmpty() ? 0 : Long.parseLong(whole);
        int nanos = Integer.parseInt(decimals + "0".repeat(NANO_DIGITS - decimals.length()));
        if (seconds > MAX_SECONDS || (seconds == MAX_SECONDS && nanos > 0)) {
            throw wrong("a duration of at most " + MAX_SECONDS + " seconds");
        }
        Duration duration = Duration.ofSeconds(seconds, nanos);
        return parts.group(1).isEmpty() ? duration : duration.negated();
    }

    private @Nullable BigDecimal decimal() {
        if (value instanceof Number number) {
            return Decimals.of(number);
        }
        return value instanceof String text ? Decimals.parse(text) : null;
    }

    /** Never prints what is inside an object or a list, which may be large, or contain itself. */
    private String description() {
        if (value == null) {
            return "absent";
        }
        if (value instanceof String text) {
            return '"' + Excerpt.of(text) + '"';
        }
        if (value instanceof Number || value instanceof Boolean) {
            return Excerpt.of(value.toString());
        }
        if (value instanceof Map<?, ?>) {
            return "an object";
        }
        return value instanceof List<?> ? "a list" : "a " + value.getClass().getName();
    }

    private static String plain(double bound) {
        return BigDecimal.valueOf(bound).stripTrailingZeros().toPlainString();
    }
}
