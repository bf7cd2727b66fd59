package io.peregrine.jmh.gate.results;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * The unit of a score, and with it what is better: a time for an operation should be short, operations for a time
 * should be many. Either becomes a cost, of which less is better, so that nothing behind this class knows modes.
 *
 * @param time the unit of time in it
 * @param throughput whether it is operations for a time
 */
record MetricUnit(TimeUnit time, boolean throughput) {
    private static final Map<String, TimeUnit> TIMES =
            Stream.of(TimeUnit.values()).collect(Collectors.toMap(TimeValue::tuToString, Function.identity()));
    private static final String PER_OPERATION = "/op";
    private static final String OPERATIONS_PER = "ops/";

    /**
     * Reads JMH's notation, {@code us/op} or {@code ops/s}.
     *
     * @param of whose unit it is, for the message
     * @throws UnusableInputException if it is neither a time for an operation nor operations for a time
     */
    static MetricUnit parse(String text, String of) {
        boolean throughput = text.startsWith(OPERATIONS_PER);
        TimeUnit time = throughput
                ? TIMES.get(text.substring(OPERATIONS_PER.length()))
                : TIMES.get(
                        text.endsWith(PER_OPERATION) ? text.substring(0, text.length() - PER_OPERATION.length()) : "");
        if (time == null) {
            throw new UnusableInputException("unit of " + of + ": " + text + " (expected: a time for an operation such"
                    + " as ns/op, or operations for a time such as ops/s)");
        }
        return new MetricUnit(time, throughput);
    }

    /**
     * The cost of an operation in nanoseconds.
     *
     * @param of whose score it is, for the message
     * @throws UnusableInputException if the score is not a positive number, with which no ratio can be made
     */
    double costNs(double score, String of) {
        double unitNs = time.toNanos(1);
        double costNs = throughput ? unitNs / score : unitNs * score;
        if (!(costNs > 0) || Double.isInfinite(costNs)) {
            throw new UnusableInputException("score of " + of + ": " + score + " (expected: a number above 0)");
        }
        return costNs;
    }
}
