package io.peregrine.jmh.peer;

import org.jspecify.annotations.Nullable;

/**
 * A gRPC client with one connection to an echo server, as the measurements see it: the least that a program has to
 * do to make a call with it.
 *
 * @param <M> the message, the same both ways
 */
public interface EchoClient<M> extends AutoCloseable {
    /** Calls and waits for the echo. */
    M call(M request);

    /** Makes a call to be started again and again, each time after its end. */
    RepeatedCall newCall(M request, Completion completion);

    @Override
    void close();

    /** One asynchronous call, of which one execution is under way at a time. */
    @FunctionalInterface
    interface RepeatedCall {
        /** Starts it and returns at once. */
        void start();
    }

    /** Told each time that a call ends, on whichever thread the client chooses. */
    @FunctionalInterface
    interface Completion {
        /** The call ended; {@code failure} is null if it succeeded. It may be started again from here. */
        void onEnd(@Nullable Throwable failure);
    }
}
