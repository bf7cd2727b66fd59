package io.peregrine.client.internal;

import io.peregrine.client.StreamCallback;

/** A {@link StreamCallback} that may want to be told of response headers without metadata as well. */
public interface AllHeaders {
    /** Whether it does. Constant. */
    boolean wantsEmptyHeaders();

    /** Whether the callback is told of response headers without metadata. */
    static boolean isWantedBy(StreamCallback<?> callback) {
        return callback instanceof AllHeaders asked && asked.wantsEmptyHeaders();
    }
}
