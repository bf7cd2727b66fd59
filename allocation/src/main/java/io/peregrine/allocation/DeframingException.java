package io.peregrine.allocation;

/**
 * The peer sent bytes that are not a gRPC length-prefixed message which this side accepts.
 *
 * <p>It carries no stack trace: a hostile peer must not be able to buy one for five bytes. The stream that
 * received the bytes is over; which status it ends with follows from {@link #kind()}.
 */
public final class DeframingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What was wrong with a message prefix. */
    public enum Kind {
        /** The flag byte has a bit set other than 0x01, "compressed" (a protocol error: INTERNAL). */
        RESERVED_FLAG,
        /** The declared length is over the limit of the receiver (RESOURCE_EXHAUSTED). */
        MESSAGE_TOO_LARGE
    }

    private final Kind kind;

    private DeframingException(Kind kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    static DeframingException reservedFlag(int flag) {
        return new DeframingException(
                Kind.RESERVED_FLAG, String.format("message flag: 0x%02x (expected: 0x00 or 0x01)", flag & 0xff));
    }

    static DeframingException messageTooLarge(long size, int limit) {
        return new DeframingException(
                Kind.MESSAGE_TOO_LARGE, "message of " + size + " bytes exceeds maximum size of " + limit + " bytes");
    }

    /** What was wrong with the prefix. */
    public Kind kind() {
        return kind;
    }
}
