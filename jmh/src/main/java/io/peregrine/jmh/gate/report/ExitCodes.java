package io.peregrine.jmh.gate.report;

/** What the process returns. */
public final class ExitCodes {
    /** Nothing became worse by more than it may. */
    public static final int PASSED = 0;

    /** At least one benchmark became worse, or another finding that was asked to count as a failure. */
    public static final int REGRESSION = 1;

    /** The command line, a file or the noise of the measurement does not allow a judgement. Never a pass. */
    public static final int CANNOT_JUDGE = 2;

    private ExitCodes() {}
}
