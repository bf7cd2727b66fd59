package io.peregrine.load.run;

/**
 * The plan of an open loop at a constant rate: call {@code k} is intended at {@code k / rate}, whatever
 * happened to the calls before it.
 *
 * <p>Each time is computed from its number, so neither rounding nor a late call shifts the ones that follow.
 *
 * @param callsPerSecond the rate, above 0
 */
public record ArrivalSchedule(double callsPerSecond) {
    private static final double NS_PER_SECOND = 1e9;

    /**
     * Checks the rate.
     *
     * @throws IllegalArgumentException when it is not a positive number
     */
    public ArrivalSchedule {
        if (!(callsPerSecond > 0) || Double.isInfinite(callsPerSecond)) {
            throw new IllegalArgumentException("rate: " + callsPerSecond + " (expected: above 0 calls per second)");
        }
    }

    /** The intended start of call {@code index} (from 0), in nanoseconds after the start of the run. */
    public long intendedNs(long index) {
        return (long) (index * (NS_PER_SECOND / callsPerSecond));
    }

    /** The number of calls that are intended before {@code durationNs}. */
    public long callsBefore(long durationNs) {
        long calls = (long) Math.ceil(durationNs * (callsPerSecond / NS_PER_SECOND));
        while (calls > 0 && intendedNs(calls - 1) >= durationNs) {
            calls--;
        }
        while (intendedNs(calls) < durationNs) {
            calls++;
        }
        return calls;
    }
}
