package io.peregrine.client;

/** The status codes of gRPC, in the order of their numbers. */
public enum StatusCode {
    /** The call succeeded. */
    OK(0),
    /** The call was cancelled, typically by the caller. */
    CANCELLED(1),
    /** An error whose kind is not known. */
    UNKNOWN(2),
    /** The caller gave an argument that is wrong whatever the state of the system. */
    INVALID_ARGUMENT(3),
    /** The deadline passed before the call ended. */
    DEADLINE_EXCEEDED(4),
    /** Something that the call names does not exist. */
    NOT_FOUND(5),
    /** Something that the call should create exists. */
    ALREADY_EXISTS(6),
    /** The caller may not do this. */
    PERMISSION_DENIED(7),
    /** A quota, a limit or memory is used up. */
    RESOURCE_EXHAUSTED(8),
    /** The system is not in the state that the call needs. */
    FAILED_PRECONDITION(9),
    /** The call was aborted, typically by a conflict. */
    ABORTED(10),
    /** The call went past the end of something. */
    OUT_OF_RANGE(11),
    /** The server does not implement the method. */
    UNIMPLEMENTED(12),
    /** An invariant is broken. */
    INTERNAL(13),
    /** The server cannot be reached now; trying again may help. */
    UNAVAILABLE(14),
    /** Data is lost for good. */
    DATA_LOSS(15),
    /** The caller is not authenticated. */
    UNAUTHENTICATED(16);

    /** Declared in the order of the numbers, so that a number is an index. */
    private static final StatusCode[] BY_VALUE = values();

    private final int value;

    StatusCode(int value) {
        this.value = value;
    }

    /** The number on the wire, 0..16. */
    public int value() {
        return value;
    }

    /** The code with that number; {@link #UNKNOWN} if there is none (SPEC ST-3). */
    public static StatusCode ofValue(int value) {
        return value >= 0 && value < BY_VALUE.length ? BY_VALUE[value] : UNKNOWN;
    }
}
