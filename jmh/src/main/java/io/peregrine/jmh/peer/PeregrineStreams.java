package io.peregrine.jmh.peer;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.jmh.server.StreamServer;
import org.jspecify.annotations.Nullable;

/** Streams of Peregrine as it comes. */
final class PeregrineStreams implements StreamClient {
    private static final MethodDescriptor<byte[], byte[]> EXCHANGE =
            MethodDescriptor.bidiStreaming(StreamServer.EXCHANGE, Marshallers.bytes(), Marshallers.bytes());
    private static final MethodDescriptor<byte[], byte[]> RECEIVE =
            MethodDescriptor.serverStreaming(StreamServer.RECEIVE, Marshallers.bytes(), Marshallers.bytes());
    private static final MethodDescriptor<byte[], byte[]> SEND =
            MethodDescriptor.clientStreaming(StreamServer.SEND, Marshallers.bytes(), Marshallers.bytes());

    private final ClientConn conn;
    private final CallOptions options;
    private final int batch;

    /**
     * Connects.
     *
     * @param setup where to
     * @param options of each call
     * @param batch so many messages are sent between cork and flush; 1 for neither
     */
    PeregrineStreams(ClientSetup setup, CallOptions options, int batch) {
        this(PeregrineChannel.builder(setup).build(), options, batch);
    }

    /** On a connection that blocking callers drive. */
    static PeregrineStreams callerDriven(ClientSetup setup, CallOptions options) {
        return new PeregrineStreams(
                PeregrineChannel.builder(setup).callerDriven(true).build(), options, 1);
    }

    private PeregrineStreams(ClientConn conn, CallOptions options, int batch) {
        this.conn = conn;
        this.options = options;
        this.batch = batch;
    }

    @Override
    public Exchange openExchange(Face face, byte[] message) {
        return face == Face.BLOCKING
                ? new BlockingExchange(conn.newStream(EXCHANGE, options), message)
                : new CallbackExchange(completion -> openEcho(message, completion));
    }

    @Override
    public Echo openEcho(byte[] message, EchoClient.Completion completion) {
        return new CallbackEcho(conn, options, message, completion);
    }

    @Override
    public void receive(Face face, int messages, int bytes) throws InterruptedException {
        byte[] order = StreamServer.order(messages, bytes);
        long received = face == Face.BLOCKING ? receiveBlocking(order) : receiveByCallback(order);
        if (received != (long) messages * bytes) {
            throw new IllegalStateException(
                    "received: " + received + " bytes (expected: " + messages + " times " + bytes + ')');
        }
    }

    private long receiveBlocking(byte[] order) {
        long received = 0;
        try (ClientStream<byte[], byte[]> stream = conn.newStream(RECEIVE, order, options)) {
            for (byte[] message : stream) {
                received += message.length;
            }
        }
        return received;
    }

    private long receiveByCallback(byte[] order) throws InterruptedException {
        ByteCount count = new ByteCount();
        ClientCall<byte[]> call = conn.startCall(RECEIVE, options, count);
        call.request(Integer.MAX_VALUE);
        call.trySend(order);
        count.end.await();
        return count.bytes;
    }

    @Override
    public void send(Face face, int messages, byte[] message) throws InterruptedException {
        if (face == Face.BLOCKING) {
            sendBlocking(messages, message);
        } else {
            Sender sender = new Sender(messages, message, batch);
            sender.begin(conn.startCall(SEND, options, sender));
            sender.end.await();
        }
    }

    private void sendBlocking(int messages, byte[] message) {
        try (ClientStream<byte[], byte[]> stream = conn.newStream(SEND, options)) {
            for (int i = 0; i < messages; i++) {
                if (batch > 1 && i % batch == 0) {
                    stream.cork();
                }
                stream.send(message);
                if (batch > 1 && i % batch == batch - 1) {
                    stream.flush();
                }
            }
            stream.flush();
            stream.closeAndReceive();
        }
    }

    @Override
    public void close() {
        conn.close();
    }

    private record BlockingExchange(ClientStream<byte[], byte[]> stream, byte[] message) implements Exchange {
        @Override
        public void run(int rounds) {
            for (int i = 0; i < rounds; i++) {
                stream.send(message);
                if (stream.receive() == null) {
                    throw new IllegalStateException("the server ended the call");
                }
            }
        }

        @Override
        public void close() {
            stream.close();
        }
    }

    private static final class CallbackEcho implements Echo, StreamCallback<byte[]> {
        private final ClientCall<byte[]> call;
        private final byte[] message;
        private final EchoClient.Completion completion;

        CallbackEcho(ClientConn conn, CallOptions options, byte[] message, EchoClient.Completion completion) {
            this.message = message;
            this.completion = completion;
            this.call = conn.startCall(EXCHANGE, options, this);
            call.request(Integer.MAX_VALUE);
        }

        @Override
        public void start() {
            call.trySend(message);
        }

        @Override
        public void onMessage(byte[] received) {
            completion.onEnd(null);
        }

        @Override
        public void onComplete(Metadata trailers) {
            completion.onEnd(new IllegalStateException("the server ended the call"));
        }

        @Override
        public void onFailure(StatusException failure) {
            completion.onEnd(failure);
        }

        @Override
        public void close() {
            call.cancel();
        }
    }

    private static class ByteCount implements StreamCallback<byte[]> {
        final StreamEnd end = new StreamEnd();
        long bytes;

        @Override
        public void onMessage(byte[] message) {
            bytes += message.length;
        }

        @Override
        public void onComplete(Metadata trailers) {
            end.reach();
        }

        @Override
        public void onFailure(StatusException failure) {
            end.fail(failure);
        }
    }

    /** Sends on the caller's thread until the call is full, and from then on where there is room. */
    private static final class Sender extends ByteCount {
        private final byte[] message;
        private final int batch;
        private int left;
        private @Nullable ClientCall<byte[]> call;

        Sender(int messages, byte[] message, int batch) {
            this.left = messages;
            this.message = message;
            this.batch = batch;
        }

        /** The lock is for the step from the caller's thread to the event loop; it is free on all others. */
        synchronized void begin(ClientCall<byte[]> started) {
            call = started;
            started.request(1);
            sendWhatGoes(started);
        }

        @Override
        public synchronized void onWritable() {
            if (call != null) {
                sendWhatGoes(call);
            }
        }

        private void sendWhatGoes(ClientCall<byte[]> to) {
            if (batch > 1) {
                to.cork();
            }
            while (left > 0 && to.trySend(message)) {
                left--;
                if (batch > 1 && left % batch == 0) {
                    to.flush();
                    to.cork();
                }
            }
            if (batch > 1) {
                to.flush();
            }
            if (left == 0) {
                left = -1;
                to.closeSend();
            }
        }
    }
}
