package io.peregrine.client.internal.flow;

import org.reactivestreams.tck.TestEnvironment;

/**
 * Waits for signals as long as a busy machine may take, and looks for those that must not come for a shorter time: the TCK
 * itself takes one number for both.
 */
public final class PatientEnvironment extends TestEnvironment {
    private static final long PATIENCE_MS = 20_000;
    private static final long SILENCE_MS = 100;
    private static final long POLL_MS = 10;
    private static final long MOST_SILENCE_MS = 500;

    /** With the times above. */
    public PatientEnvironment() {
        super(PATIENCE_MS, SILENCE_MS, POLL_MS);
    }

    @Override
    public void verifyNoAsyncErrors(long delay) {
        super.verifyNoAsyncErrors(Math.min(delay, MOST_SILENCE_MS));
    }
}
