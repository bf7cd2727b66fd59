package io.peregrine.client.balancer;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import org.jspecify.annotations.Nullable;

/**
 * What a picker decided (SPEC PK-2): a subchannel, to wait for the next picker, to fail, or to drop. Immutable; a
 * picker prepares its results once.
 */
public final class PickResult {
    private static final PickResult QUEUE = new PickResult(null, Status.OK, false, null, Metadata.EMPTY, null);

    private final @Nullable SubConn subConn;
    private final Status status;
    private final boolean drop;
    private final @Nullable DoneListener doneListener;
    private final Metadata metadata;
    private final @Nullable String authority;
    private final boolean dressed;

    private PickResult(
            @Nullable SubConn subConn,
            Status status,
            boolean drop,
            @Nullable DoneListener doneListener,
            Metadata metadata,
            @Nullable String authority) {
        this.subConn = subConn;
        this.status = status;
        this.drop = drop;
        this.doneListener = doneListener;
        this.metadata = metadata;
        this.authority = authority;
        this.dressed = authority != null || !metadata.isEmpty();
    }

    /** Use this subchannel. */
    public static PickResult of(SubConn subConn) {
        return new PickResult(subConn, Status.OK, false, null, Metadata.EMPTY, null);
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
        return new PickResult(null, status, false, null, Metadata.EMPTY, null);
    }

    /** Fail, even if the call waits for ready (PK-5); codes as for {@link #fail}. */
    public static PickResult drop(Status status) {
        return new PickResult(null, status, true, null, Metadata.EMPTY, null);
    }

    /** This result on another subchannel: of a policy that puts {@link ForwardingSubConn}s under its child. */
    public PickResult withSubConn(SubConn other) {
        requireSubConn();
        return new PickResult(other, status, drop, doneListener, metadata, authority);
    }

    /**
     * This result, whose attempts {@code listener} is told the end of, after any listener that it has, even if that throws
     * (PK-9).
     */
    public PickResult onDone(DoneListener listener) {
        requireSubConn();
        DoneListener first = doneListener;
        DoneListener both = first == null
                ? listener
                : done -> {
                    try {
                        first.onDone(done);
                    } finally {
                        listener.onDone(done);
                    }
                };
        return new PickResult(subConn, status, drop, both, metadata, authority);
    }

    /** This result with fields for the headers of its attempts, which the application does not see (PK-11). */
    public PickResult withMetadata(Metadata newMetadata) {
        requireSubConn();
        return new PickResult(subConn, status, drop, doneListener, newMetadata, authority);
    }

    /** This result with an {@code :authority}, for calls that name none themselves (SPEC TG-6, gRFC A81). */
    public PickResult withAuthority(String newAuthority) {
        requireSubConn();
        return new PickResult(subConn, status, drop, doneListener, metadata, newAuthority);
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

    /** Who is told the end of the attempt, or null. */
    public @Nullable DoneListener doneListener() {
        return doneListener;
    }

    /** Fields for the attempt's headers; mostly none. */
    public Metadata metadata() {
        return metadata;
    }

    /** The {@code :authority} for calls that name none; null for the channel's. */
    public @Nullable String authority() {
        return authority;
    }

    /** Whether it adds anything to the headers of its attempts. */
    public boolean isDressed() {
        return dressed;
    }

    private void requireSubConn() {
        if (subConn == null) {
            throw new IllegalStateException("result: " + this + " (expected: one with a subchannel)");
        }
    }

    @Override
    public String toString() {
        if (subConn != null) {
            return "PickResult[" + subConn.address() + ']';
        }
        return this == QUEUE ? "PickResult[queue]" : "PickResult[" + (drop ? "drop " : "fail ") + status + ']';
    }
}
