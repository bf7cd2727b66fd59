package io.peregrine.load.run;

/**
 * The receiver of one call's outcome, reused for the next call: starting a call allocates nothing here.
 *
 * <p>Exactly one of the two methods is called for each start, on any thread, possibly before the start returns.
 */
public interface CallSlot {
    /** The call ended with OK. */
    void onOk();

    /**
     * The call failed.
     *
     * @param statusCode 1..16
     * @param text what went wrong, for the error distribution
     */
    void onError(int statusCode, String text);
}
