package io.peregrine.client.internal.retry;

/** Why a failed call was not sent again by its policy (SPEC 2.14, lines 4 to 9). */
public enum RetryRefusal {
    /** It was, or nothing failed. */
    NONE(""),
    /** Line 4: the server had begun its response. */
    RESPONSE_BEGUN("the response had begun"),
    /** Line 5: the pushback was negative, no number, or there was more than one. */
    PUSHBACK("the server asked not to retry"),
    /** Line 6: the policy does not name the code. */
    CODE("the retry policy does not name this code"),
    /** Line 7: too many calls of the channel fail. */
    THROTTLED("the channel's retry throttle has no tokens left"),
    /** Line 8: the attempt that failed was the last one allowed. */
    ATTEMPTS_USED_UP("the retry policy's attempts are used up"),
    /** Line 9: the policy's own backoff threw instead of giving a delay. */
    BACKOFF_FAILED("the retry policy's backoff threw");

    private final String words;

    RetryRefusal(String words) {
        this.words = words;
    }

    /** The reason as part of a sentence; empty for {@link #NONE}. A constant: it costs nothing. */
    public String words() {
        return words;
    }
}
