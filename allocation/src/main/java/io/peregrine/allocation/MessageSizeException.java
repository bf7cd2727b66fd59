package io.peregrine.allocation;

/**
 * A message that the caller wants to send is over the limit of the channel or of the method.
 *
 * <p>It carries no stack trace: it is an expected outcome of a call and is turned into a status.
 */
public final class MessageSizeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long size;
    private final int limit;

    /**
     * Reports a message that is too large.
     *
     * @param size  the encoded size of the message in bytes, without the prefix
     * @param limit the largest size allowed in bytes
     */
    public MessageSizeException(long size, int limit) {
        super("message of " + size + " bytes is over the limit of " + limit + " bytes", null, false, false);
        this.size = size;
        this.limit = limit;
    }

    /** The encoded size of the message in bytes, without the prefix. */
    public long size() {
        return size;
    }

    /** The largest size allowed, in bytes. */
    public int limit() {
        return limit;
    }
}
