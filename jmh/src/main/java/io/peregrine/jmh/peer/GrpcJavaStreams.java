package io.peregrine.jmh.peer;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.StatusException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.peregrine.jmh.server.StreamServer;
import org.jspecify.annotations.Nullable;

/**
 * Streams of grpc-java's stubs over epoll: {@link BlockingClientCall}, and
 * {@link ClientCallStreamObserver} with all messages requested at once.
 */
final class GrpcJavaStreams implements StreamClient {
    private static final MethodDescriptor<byte[], byte[]> EXCHANGE =
            StreamServer.method(StreamServer.EXCHANGE, MethodType.BIDI_STREAMING);
    private static final MethodDescriptor<byte[], byte[]> RECEIVE =
            StreamServer.method(StreamServer.RECEIVE, MethodType.SERVER_STREAMING);
    private static final MethodDescriptor<byte[], byte[]> SEND =
            StreamServer.method(StreamServer.SEND, MethodType.CLIENT_STREAMING);

    private final ManagedChannel channel;

    /** Callbacks on the event loop, and a window that no estimator moves. */
    GrpcJavaStreams(ClientSetup setup, boolean retries) {
        NettyChannelBuilder builder = GrpcJavaChannel.tuned(setup);
        this.channel = retries
                ? builder.enableRetry()
                        .defaultServiceConfig(GrpcJavaPolicies.retry())
                        .build()
                : builder.disableRetry().build();
    }

    @Override
    public Exchange openExchange(Face face, byte[] message) {
        return face == Face.BLOCKING
                ? new BlockingExchange(
                        ClientCalls.blockingBidiStreamingCall(channel, EXCHANGE, CallOptions.DEFAULT), message)
                : new CallbackExchange(completion -> openEcho(message, completion));
    }

    @Override
    public Echo openEcho(byte[] message, EchoClient.Completion completion) {
        return new ObserverEcho(channel, message, completion);
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

    private long receiveBlocking(byte[] order) throws InterruptedException {
        BlockingClientCall<byte[], byte[]> call =
                ClientCalls.blockingV2ServerStreamingCall(channel, RECEIVE, CallOptions.DEFAULT, order);
        long received = 0;
        try {
            for (byte[] message = call.read(); message != null; message = call.read()) {
                received += message.length;
            }
        } catch (StatusException failure) {
            throw failed(failure);
        }
        return received;
    }

    private long receiveByCallback(byte[] order) throws InterruptedException {
        ByteCount count = new ByteCount();
        ClientCalls.asyncServerStreamingCall(channel.newCall(RECEIVE, CallOptions.DEFAULT), order, count);
        count.end.await();
        return count.bytes;
    }

    @Override
    public void send(Face face, int messages, byte[] message) throws InterruptedException {
        if (face == Face.BLOCKING) {
            sendBlocking(messages, message);
        } else {
            Sender sender = new Sender(messages, message);
            ClientCalls.asyncClientStreamingCall(channel.newCall(SEND, CallOptions.DEFAULT), sender);
            sender.end.await();
        }
    }

    private void sendBlocking(int messages, byte[] message) throws InterruptedException {
        BlockingClientCall<byte[], byte[]> call =
                ClientCalls.blockingClientStreamingCall(channel, SEND, CallOptions.DEFAULT);
        try {
            for (int i = 0; i < messages; i++) {
                call.write(message);
            }
            call.halfClose();
            if (call.read() == null) {
                throw new IllegalStateException("the server gave no answer");
            }
        } catch (StatusException failure) {
            throw failed(failure);
        }
    }

    private static IllegalStateException failed(StatusException failure) {
        return new IllegalStateException("a call failed: " + failure.getMessage(), failure);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    private record BlockingExchange(BlockingClientCall<byte[], byte[]> call, byte[] message) implements Exchange {
        @Override
        public void run(int rounds) throws InterruptedException {
            try {
                for (int i = 0; i < rounds; i++) {
                    call.write(message);
                    if (call.read() == null) {
                        throw new IllegalStateException("the server ended the call");
                    }
                }
            } catch (StatusException failure) {
                throw failed(failure);
            }
        }

        @Override
        public void close() {
            call.cancel("measured", null);
        }
    }

    /** Counts bytes, and asks for all messages before the call starts. */
    private static class ByteCount implements ClientResponseObserver<byte[], byte[]> {
        final StreamEnd end = new StreamEnd();
        long bytes;

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> requests) {
            requests.disableAutoRequestWithInitial(Integer.MAX_VALUE);
        }

        @Override
        public void onNext(byte[] message) {
            bytes += message.length;
        }

        @Override
        public void onError(Throwable failure) {
            end.fail(failure);
        }

        @Override
        public void onCompleted() {
            end.reach();
        }
    }

    private static final class ObserverEcho extends ByteCount implements Echo {
        private final byte[] message;
        private final EchoClient.Completion completion;
        private @Nullable ClientCallStreamObserver<byte[]> requests;

        ObserverEcho(ManagedChannel channel, byte[] message, EchoClient.Completion completion) {
            this.message = message;
            this.completion = completion;
            ClientCalls.asyncBidiStreamingCall(channel.newCall(EXCHANGE, CallOptions.DEFAULT), this);
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> observer) {
            super.beforeStart(observer);
            requests = observer;
        }

        @Override
        public void start() {
            ClientCallStreamObserver<byte[]> observer = requests;
            assert observer != null;
            observer.onNext(message);
        }

        @Override
        public void onNext(byte[] received) {
            completion.onEnd(null);
        }

        @Override
        public void onCompleted() {
            completion.onEnd(new IllegalStateException("the server ended the call"));
        }

        @Override
        public void onError(Throwable failure) {
            completion.onEnd(failure);
        }

        @Override
        public void close() {
            ClientCallStreamObserver<byte[]> observer = requests;
            assert observer != null;
            observer.cancel("measured", null);
        }
    }

    /** Sends while the call is ready, on the event loop. */
    private static final class Sender extends ByteCount {
        private final byte[] message;
        private int left;

        Sender(int messages, byte[] message) {
            this.left = messages;
            this.message = message;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> requests) {
            super.beforeStart(requests);
            requests.setOnReadyHandler(() -> sendWhatGoes(requests));
        }

        private void sendWhatGoes(ClientCallStreamObserver<byte[]> requests) {
            while (left > 0 && requests.isReady()) {
                requests.onNext(message);
                left--;
            }
            if (left == 0) {
                left = -1;
                requests.onCompleted();
            }
        }
    }
}
