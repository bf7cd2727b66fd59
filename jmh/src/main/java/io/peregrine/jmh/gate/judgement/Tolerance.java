package io.peregrine.jmh.gate.judgement;

import io.peregrine.jmh.gate.results.Observations;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How much worse a benchmark may be.
 *
 * @param noiseFactor how many times its noise, of the baseline or of these runs, whichever is greater
 * @param minimumShare and never less than this share of the baseline
 * @param maxNoiseShare noise above this share leaves the time undecided
 * @param bytes how many heap bytes an operation may allocate more, or {@code noiseFactor} times their own noise
 */
public record Tolerance(double noiseFactor, double minimumShare, double maxNoiseShare, double bytes) {

    /** Compares what the baseline and the runs both have. */
    public Comparison compare(Baseline.Entry expected, Observed observed) {
        double noise = Math.max(expected.noise(), observed.noise());
        double allowance = Math.max(minimumShare, noiseFactor * noise);
        double growth = observed.ratios().median() / expected.ratio();
        List<String> reasons = new ArrayList<>();
        Verdict time = time(growth, allowance, noise, reasons);
        Verdict allocation = allocation(expected, observed.bytesPerOperation(), reasons);
        return new Comparison(
                expected.subject(), worse(time, allocation), String.join("; ", reasons), expected, observed, allowance);
    }

    private Verdict time(double growth, double allowance, double noise, List<String> reasons) {
        if (noise > maxNoiseShare) {
            reasons.add(
                    "strays by " + Text.percent(noise) + " (expected: at most " + Text.percent(maxNoiseShare) + ")");
            return Verdict.UNDECIDED;
        }
        if (growth > 1 + allowance) {
            reasons.add("dearer by " + Text.percent(growth - 1) + " (allowed: " + Text.percent(allowance) + ")");
            return Verdict.REGRESSED;
        }
        // The reciprocal, so that a benchmark that got better and worse again by the same factor is told both times.
        if (growth * (1 + allowance) < 1) {
            reasons.add("cheaper by " + Text.percent(1 - growth));
            return Verdict.IMPROVED;
        }
        return Verdict.UNCHANGED;
    }

    private Verdict allocation(Baseline.Entry expected, @Nullable Observations observed, List<String> reasons) {
        Double before = expected.bytesPerOperation();
        if (before == null) {
            return Verdict.UNCHANGED;
        }
        if (observed == null) {
            reasons.add("heap bytes were not measured (expected: -prof gc, as in the baseline)");
            return Verdict.UNDECIDED;
        }
        double allowed = Math.max(bytes, noiseFactor * expected.bytesNoise());
        double more = observed.median() - before;
        if (more > allowed) {
            reasons.add("allocates " + Text.figure(more) + " B/op more (allowed: " + Text.figure(allowed) + ")");
            return Verdict.REGRESSED;
        }
        if (-more > allowed) {
            reasons.add("allocates " + Text.figure(-more) + " B/op less");
            return Verdict.IMPROVED;
        }
        return Verdict.UNCHANGED;
    }

    /** A regression is one whatever else is; what is undecided is never called an improvement. */
    private static Verdict worse(Verdict time, Verdict allocation) {
        for (Verdict verdict : List.of(Verdict.REGRESSED, Verdict.UNDECIDED, Verdict.IMPROVED)) {
            if (time == verdict || allocation == verdict) {
                return verdict;
            }
        }
        return Verdict.UNCHANGED;
    }
}
