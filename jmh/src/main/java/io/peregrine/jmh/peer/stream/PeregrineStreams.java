package io.peregrine.jmh.peer.stream;

import io.peregrine.allocation.ReusableBytes;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.client.StreamCallback;
import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.PeregrineChannel;
import io.peregrine.jmh.server.StreamServer;
import org.jspecify.annotations.Nullable;

/** Streams of Peregrine as it comes. */
final class PeregrineStreams extends ComparedStreams {
    private static final MethodDescriptor<ReusableBytes, ReusableBytes> EXCHANGE = MethodDescriptor.bidiStreaming(
            StreamServer.EXCHANGE, Marshallers.reusableBytes(), Marshallers.reusableBytes());
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
    Exchange openBlockingExchange(ReusableBytes message) {
        return new Exchanged(conn.newStream(EXCHANGE, options), message);
    }

    @Override
    Echo openEcho(ReusableBytes message, StreamEvents<ReusableBytes> events) {
        ClientCall<ReusableBytes> call = conn.startCall(EXCHANGE, options, new Callback<>(events));
        call.request(Integer.MAX_VALUE);
        return new CallbackEcho(call, message);
    }

    @Override
    long receiveBlocking(byte[] order) {
        long received = 0;
        try (ClientStream<byte[], byte[]> stream = conn.newStream(RECEIVE, order, options)) {
            for (byte[] message : stream) {
                received += message.length;
            }
        }
        return received;
    }

    @Override
    void startReceiving(byte[] order, StreamEvents<byte[]> events) {
        ClientCall<byte[]> call = conn.startCall(RECEIVE, options, new Callback<>(events));
        call.request(Integer.MAX_VALUE);
        call.trySend(order);
    }

    @Override
    void sendBlocking(int messages, byte[] message) {
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
    void startSending(int messages, byte[] message, StreamEvents<byte[]> events) {
        Sender sender = new Sender(messages, message, batch, events);
        sender.begin(conn.startCall(SEND, options, sender));
    }

    @Override
    public void close() {
        conn.close();
    }

    private static final class Exchanged extends BlockingExchange {
        private final ClientStream<ReusableBytes, ReusableBytes> stream;
        private final ReusableBytes message;

        Exchanged(ClientStream<ReusableBytes, ReusableBytes> stream, ReusableBytes message) {
            this.stream = stream;
            this.message = message;
        }

        @Override
        @Nullable
        ReusableBytes sendAndReceive() {
            stream.send(message);
            return stream.receive();
        }

        @Override
        public void close() {
            stream.close();
        }
    }

    private record CallbackEcho(ClientCall<ReusableBytes> call, ReusableBytes message) implements Echo {
        @Override
        public void start() {
            call.trySend(message);
        }

        @Override
        public void close() {
            call.cancel();
        }
    }

    /** Tells of what comes. */
    private static class Callback<M> implements StreamCallback<M> {
        private final StreamEvents<M> events;

        Callback(StreamEvents<M> events) {
            this.events = events;
        }

        @Override
        public void onMessage(M message) {
            events.onMessage(message);
        }

        @Override
        public void onComplete(Metadata trailers) {
            events.onEnd(null);
        }

        @Override
        public void onFailure(StatusException failure) {
            events.onEnd(failure);
        }
    }

    /** Sends on the caller's thread until the call is full, and from then on where there is room. */
    private static final class Sender extends Callback<byte[]> {
        private final byte[] message;
        private final int batch;
        private int left;
        private @Nullable ClientCall<byte[]> call;

        Sender(int messages, byte[] message, int batch, StreamEvents<byte[]> events) {
            super(events);
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
