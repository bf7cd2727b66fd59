package io.peregrine.jmh.gate.judgement;

/** What became of a benchmark. */
public enum Verdict {
    /** Within its allowance. */
    UNCHANGED,
    /** Cheaper by more than the allowance: time for a new baseline. */
    IMPROVED,
    /** Dearer by more than the allowance, or it allocates more than it may. */
    REGRESSED,
    /** Too noisy, or something that the baseline has was not measured. */
    UNDECIDED,
    /** In the baseline, not in the runs. */
    MISSING,
    /** In the runs, not in the baseline. */
    NEW
}
