package io.peregrine.load.cli;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as ghz and Go write them: a number and a unit, or 0. */
final class DurationConverter implements ITypeConverter<Duration> {
    private static final Pattern FORMAT = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(ns|us|ms|s|m|h)");
    private static final Map<String, Long> UNIT_NS = Map.of(
            "ns", 1L,
            "us", 1_000L,
            "ms", 1_000_000L,
            "s", 1_000_000_000L,
            "m", 60_000_000_000L,
            "h", 3_600_000_000_000L);
    private static final double MAX_NS = 30 * 24 * 3_600e9;

    @Override
    public Duration convert(String text) {
        if ("0".equals(text)) {
            return Duration.ZERO;
        }
        Matcher matcher = FORMAT.matcher(text);
        if (matcher.matches()) {
            Long unitNs = UNIT_NS.get(matcher.group(2));
            double ns = Double.parseDouble(matcher.group(1)) * (unitNs == null ? 0 : unitNs);
            if (ns <= MAX_NS) {
                return Duration.ofNanos((long) ns);
            }
        }
        throw new TypeConversionException(
                text + " (expected: a number and one of ns, us, ms, s, m, h, such as 250ms; at most 30 days)");
    }
}
