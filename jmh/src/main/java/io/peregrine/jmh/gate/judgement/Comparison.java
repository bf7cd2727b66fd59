package io.peregrine.jmh.gate.judgement;

import org.jspecify.annotations.Nullable;

/**
 * A subject's baseline beside what the runs showed of it.
 *
 * @param verdict what became of it
 * @param reason the verdict in words
 * @param expected null if the subject is new
 * @param observed null if it is missing
 * @param allowance by which share the ratio may be greater than the baseline's; 0 where nothing was compared
 */
public record Comparison(
        Subject subject,
        Verdict verdict,
        String reason,
        Baseline.@Nullable Entry expected,
        @Nullable Observed observed,
        double allowance) {

    /** By which share the cost has grown; 0 where nothing was compared. */
    public double change() {
        return expected == null || observed == null ? 0 : observed.ratios().median() / expected.ratio() - 1;
    }
}
