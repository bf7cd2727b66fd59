package io.peregrine.jmh.peer.stream;

import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.server.StreamServer;

/** A gRPC client with one connection to a {@link StreamServer}, as the measurements of streams see it. */
public interface StreamClient extends AutoCloseable {
    /** Opens a call both ways, on which {@code message} is to go and come back, and leaves it open. */
    Exchange openExchange(Face face, byte[] message);

    /**
     * Opens a call both ways and leaves it open. Each start sends {@code message}; the completion is told of the answer
     * on the event loop, or of the failure of the call.
     */
    Echo openEcho(byte[] message, EchoClient.Completion completion);

    /**
     * Receives the messages of one call.
     *
     * @throws IllegalStateException if the call fails, or brings another number of bytes
     */
    void receive(Face face, int messages, int bytes) throws InterruptedException;

    /**
     * Sends {@code message} so many times in one call, and waits for the answer.
     *
     * @throws IllegalStateException if the call fails
     */
    void send(Face face, int messages, byte[] message) throws InterruptedException;

    @Override
    void close();

    /** A call on which a message goes and comes back, and then the next one. */
    interface Exchange extends AutoCloseable {
        /**
         * So many times there and back.
         *
         * @throws IllegalStateException if the call fails
         */
        void run(int rounds) throws InterruptedException;

        @Override
        void close();
    }

    /** A call on which an answer comes to each start. */
    interface Echo extends EchoClient.RepeatedCall, AutoCloseable {
        @Override
        void close();
    }
}
