package io.peregrine.load.run;

/** Ends a run early. Any thread may request it; loops look at it between calls. */
public final class StopSignal {
    private volatile boolean requested;

    /** Asks the run to start no further call and to report. */
    public void request() {
        requested = true;
    }

    /** Whether the run should end. */
    public boolean isRequested() {
        return requested;
    }
}
