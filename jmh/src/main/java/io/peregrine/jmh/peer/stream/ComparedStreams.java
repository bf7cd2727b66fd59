package io.peregrine.jmh.peer.stream;

import io.peregrine.allocation.ReusableBytes;
import io.peregrine.jmh.peer.EchoClient;
import io.peregrine.jmh.server.StreamServer;
import org.jspecify.annotations.Nullable;

/** What is measured, in one shape for both clients: a client adds how it opens, sends and receives. */
abstract class ComparedStreams implements StreamClient {
    @Override
    public final Exchange openExchange(Face face, byte[] message) {
        return face == Face.BLOCKING
                ? openBlockingExchange(ReusableBytes.copyOf(message))
                : new CallbackExchange(completion -> openEcho(message, completion));
    }

    @Override
    public final Echo openEcho(byte[] message, EchoClient.Completion completion) {
        return openEcho(ReusableBytes.copyOf(message), new EchoEvents(completion));
    }

    @Override
    public final void receive(Face face, int messages, int bytes) throws InterruptedException {
        byte[] order = StreamServer.order(messages, bytes);
        long received = face == Face.BLOCKING ? receiveBlocking(order) : receiveByCallback(order);
        if (received != (long) messages * bytes) {
            throw new IllegalStateException(
                    "received: " + received + " bytes (expected: " + messages + " times " + bytes + ')');
        }
    }

    private long receiveByCallback(byte[] order) throws InterruptedException {
        ByteCount count = new ByteCount();
        startReceiving(order, count);
        return count.await();
    }

    @Override
    public final void send(Face face, int messages, byte[] message) throws InterruptedException {
        if (face == Face.BLOCKING) {
            sendBlocking(messages, message);
        } else {
            ByteCount answer = new ByteCount();
            startSending(messages, message, answer);
            answer.await();
        }
    }

    abstract Exchange openBlockingExchange(ReusableBytes message);

    abstract Echo openEcho(ReusableBytes message, StreamEvents<ReusableBytes> events);

    /** The bytes that come in answer to {@code order}. */
    abstract long receiveBlocking(byte[] order) throws InterruptedException;

    /** Starts a call and asks for all messages at once. */
    abstract void startReceiving(byte[] order, StreamEvents<byte[]> events);

    abstract void sendBlocking(int messages, byte[] message) throws InterruptedException;

    /** Starts a call that sends while there is room. */
    abstract void startSending(int messages, byte[] message, StreamEvents<byte[]> events);

    /** A call on which a thread sends a message and waits for the answer. */
    abstract static class BlockingExchange implements Exchange {
        @Override
        public final void run(int rounds) throws InterruptedException {
            for (int i = 0; i < rounds; i++) {
                ReusableBytes received = sendAndReceive();
                if (received == null) {
                    throw new IllegalStateException("the server ended the call");
                }
                received.close();
            }
        }

        /** Sends the message and returns the answer; null at the end of the call. */
        abstract @Nullable ReusableBytes sendAndReceive() throws InterruptedException;
    }
}
