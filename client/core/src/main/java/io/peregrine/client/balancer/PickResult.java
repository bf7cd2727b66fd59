package io.peregrine.client.balancer;

import io.peregrine.client.Status;
import org.jspecify.annotations.Nullable;

/**
 * What a picker decided (SPEC PK-2): a subchannel, to wait for the next picker, to fail, or to drop. Immutable; a
 * picker prepares its results once.
 */
public final class PickResult {
    private static final PickResult QUEUE = new PickResult(null, Status.OK, false);

    private final @Nullable SubConn subConn;
    private final Status status;
    private final boolean drop;

    private PickResult(@Nullable SubConn subConn, Status status, boolean drop) {
        this.subConn = subConn;
        this.status = status;
        this.drop = drop;
    }

    /** Use this subchannel. */
    public static PickResult of(SubConn subConn) {
        return new PickResult(subConn, Status.OK, false);
    }

    /** Wait for the next picker (PK-3). */
    public static PickResult queue() {
        return QUEUE;
    }

    /**
     * Fail, unless the call waits for ready (PK-4). A code that only the server may choose, such as OK or NOT_FOUND,
     * becomes INTERNAL (gRFC A54, PK-6).
     */
    public static PickResult fail(Status status) {
        return new PickResult(null, status, false);
    }

    /** Fail, even if the call waits for ready (PK-5); codes as for {@link #fail}. */
    public static PickResult drop(Status status) {
        return new PickResult(null, status, true);
    }

    /** The subchannel, or null. */
    public @Nullable SubConn subConn() {
        return subConn;
    }

    /** Why to fail; OK for a subchannel and for waiting. */
    public Status status() {
        return status;
    }

    /** Whether {@link #status} counts for calls that wait for ready, too. */
    public boolean isDrop() {
        return drop;
    }
}
