package io.peregrine.jmh.peer;

/** What a call may have besides its message, as far as it costs something while nothing happens. */
public enum Feature {
    /** Nothing. */
    NONE,

    /** A policy for three attempts; none fails. */
    RETRY,

    /** A policy for three attempts, one second apart; none takes that long. */
    HEDGING,

    /** Three fields of metadata, the same ones in each call. */
    METADATA_3,

    /** Ten fields, one of them binary. */
    METADATA_10,

    /** A bearer token that is known and fresh. */
    CREDENTIALS,

    /** A circuit breaker for the back end, which stays closed. grpc-java has none. */
    BREAKER,

    /** A balancing policy that counts the calls under way, {@code least_request}. Not for grpc-java. */
    TRACKED_PICK,

    /** Ten interceptors that pass the call on as it is. */
    INTERCEPTORS_10;

    /** See {@link #INTERCEPTORS_10}. */
    static final int INTERCEPTORS = 10;

    /** The fields of metadata. */
    int fields() {
        return switch (this) {
            case METADATA_3 -> 3;
            case METADATA_10 -> 10;
            default -> 0;
        };
    }
}
