package io.peregrine.jmh.peer.stream;

import io.peregrine.jmh.peer.EchoClient;
import org.jspecify.annotations.Nullable;

/**
 * A call on which each message is the answer to the one sent before: it completes a round.
 *
 * @param completion is told of each round, and of the end of the call, which is a failure
 */
record EchoEvents(EchoClient.Completion completion) implements StreamEvents {
    @Override
    public void onMessage(byte[] message) {
        completion.onEnd(null);
    }

    @Override
    public void onEnd(@Nullable Throwable failure) {
        completion.onEnd(failure == null ? new IllegalStateException("the server ended the call") : failure);
    }
}
