package io.peregrine.client;

import io.peregrine.client.report.CallReport;
import java.io.Serial;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A call that did not end with OK. Its message says what happened, names the target, the method and each attempt with
 * its server, and tells what they waited for; it is put together when it is read for the first time.
 *
 * <p>It has no stack trace unless {@link CallOptions#withStackTraces} asked for one and a blocking call threw it: the
 * stack of an event loop would show nothing, and capturing one costs more than the rest of the failure.
 *
 * <p>Serialized, it keeps its code, the message of its status and its cause; trailers and report stay behind.
 */
public final class StatusException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    /** What is left of the status, with message and cause, when the exception was serialized. */
    private final StatusCode code;

    private final transient @Nullable Status status;
    private final transient @Nullable Metadata trailers;
    private transient volatile @Nullable Supplier<@Nullable CallReport> source;
    private transient volatile @Nullable CallReport report;

    /**
     * The failure of a call.
     *
     * @param status not OK
     * @param trailers what the server sent with it, or {@link Metadata#EMPTY}
     * @param report tells the call's way, when it is asked for the first time; null if there is nothing to tell
     * @param withStackTrace whether to capture the stack
     */
    public StatusException(
            Status status, Metadata trailers, @Nullable Supplier<@Nullable CallReport> report, boolean withStackTrace) {
        super(status.message(), status.cause(), false, withStackTrace);
        this.code = status.code();
        this.status = status;
        this.trailers = trailers;
        this.source = report;
    }

    /** A failure that no call stands behind, for example one that an interceptor makes; without a stack trace. */
    public StatusException(Status status) {
        this(status, Metadata.EMPTY, null, false);
    }

    /** The same failure with the stack of the current thread. */
    public StatusException withStackTrace() {
        return new StatusException(status(), trailers(), this::report, true);
    }

    /** The status; its message is the server's own where the server ended the call. */
    public Status status() {
        Status known = status;
        return known == null ? new Status(code, Objects.requireNonNullElse(super.getMessage(), ""), getCause()) : known;
    }

    /** The code of the status. */
    public StatusCode code() {
        return code;
    }

    /** The server's trailers, without the fields that the library owns; empty if it sent none. */
    public Metadata trailers() {
        return trailers == null ? Metadata.EMPTY : trailers;
    }

    /** The way of the call; null if no call stands behind this. */
    public @Nullable CallReport report() {
        Supplier<CallReport> pending = source;
        if (pending != null) {
            // Two threads may both ask: they get equal reports.
            report = pending.get();
            source = null;
        }
        return report;
    }

    @Override
    public String getMessage() {
        CallReport told = report();
        return told == null ? status().toString() : status() + " [" + told + ']';
    }
}
