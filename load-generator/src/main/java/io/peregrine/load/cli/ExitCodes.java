package io.peregrine.load.cli;

/** What the process returns. */
public final class ExitCodes {
    /** Every scheduled call ended with OK. */
    public static final int OK = 0;

    /** At least one call failed, did not end or was not started; or the program could not do its work. */
    public static final int FAILED = 1;

    /** The command line, or a file that it names, is wrong; nothing was sent. */
    public static final int USAGE = 2;

    private ExitCodes() {}
}
