package io.peregrine.client.credentials;

import io.peregrine.client.Metadata;
import io.peregrine.client.Status;

/**
 * What makes a call known to the server: header fields that are made for each attempt (SPEC CR-*). Implementations are
 * safe for use by several threads, and do not show secrets in {@link Object#toString}.
 *
 * <p>What a faulty implementation does stays with the attempt: one that throws fails it, with UNAUTHENTICATED as the
 * channel's credentials and with INTERNAL as the call's (CR-4); one that never answers keeps it waiting until the
 * call's deadline or cancel; field names that belong to the library fail it with INTERNAL.
 */
@FunctionalInterface
public interface CallCredentials {
    /**
     * Makes the fields for one attempt, now or later, and gives them to {@code applier} once. Called after the pick
     * and before the stream, on whatever thread got that far, often an event loop: it must not block (CR-5).
     */
    void apply(CallIdentity call, Applier applier);

    /**
     * Whether they may only go over a connection with privacy and integrity; default true. On any other the call ends
     * with UNAUTHENTICATED (CR-3).
     */
    default boolean requiresPrivacy() {
        return true;
    }

    /** Takes the result for one attempt; only the first one counts. Any thread. Does not throw. */
    interface Applier {
        /** The fields to add behind the application's own (MD-8). */
        void apply(Metadata fields);

        /** There are none; the attempt fails. Codes that only a server may use become INTERNAL (gRFC A54, PK-6). */
        void fail(Status status);
    }
}
