package io.peregrine.jmh.peer.stream;

import org.jspecify.annotations.Nullable;

/** What a call brings, told by either client in the same words; where the client runs callbacks. Of messages {@code M}. */
interface StreamEvents<M> {
    /** A message has come. */
    void onMessage(M message);

    /** Nothing more will come: {@code failure} says why, null if the call ended well. */
    void onEnd(@Nullable Throwable failure);
}
