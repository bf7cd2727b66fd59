package io.peregrine.jmh.peer.stream;

import io.peregrine.allocation.ReusableBytes;
import io.peregrine.jmh.peer.EchoClient;
import org.jspecify.annotations.Nullable;

/**
 * A call on which each message is the answer to the one sent before: it gives the message back and completes a round.
 *
 * @param completion is told of each round, and of the end of the call, which is a failure
 */
record EchoEvents(EchoClient.Completion completion) implements StreamEvents<ReusableBytes> {
    @Override
    public void onMessage(ReusableBytes message) {
        message.close();
        completion.onEnd(null);
    }

    @Override
    public void onEnd(@Nullable Throwable failure) {
        completion.onEnd(failure == null ? new IllegalStateException("the server ended the call") : failure);
    }
}
