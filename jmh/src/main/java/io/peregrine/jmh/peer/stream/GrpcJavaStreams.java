package io.peregrine.jmh.peer.stream;

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
import io.peregrine.allocation.ReusableBytes;
import io.peregrine.jmh.peer.ClientSetup;
import io.peregrine.jmh.peer.GrpcJavaChannel;
import io.peregrine.jmh.peer.GrpcJavaPolicies;
import io.peregrine.jmh.peer.ReusableBytesMarshaller;
import io.peregrine.jmh.server.StreamServer;
import org.jspecify.annotations.Nullable;

/**
 * Streams of grpc-java's stubs over epoll: {@link BlockingClientCall}, and
 * {@link ClientCallStreamObserver} with all messages requested at once.
 */
final class GrpcJavaStreams extends ComparedStreams {
    private static final ReusableBytesMarshaller REUSABLE = new ReusableBytesMarshaller();
    private static final MethodDescriptor<ReusableBytes, ReusableBytes> EXCHANGE =
            StreamServer.method(StreamServer.EXCHANGE, MethodType.BIDI_STREAMING).toBuilder(REUSABLE, REUSABLE)
                    .build();
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
    Exchange openBlockingExchange(ReusableBytes message) {
        return new Exchanged(ClientCalls.blockingBidiStreamingCall(channel, EXCHANGE, CallOptions.DEFAULT), message);
    }

    @Override
    Echo openEcho(ReusableBytes message, StreamEvents<ReusableBytes> events) {
        ObserverEcho echo = new ObserverEcho(message, events);
        ClientCalls.asyncBidiStreamingCall(channel.newCall(EXCHANGE, CallOptions.DEFAULT), echo);
        return echo;
    }

    @Override
    long receiveBlocking(byte[] order) throws InterruptedException {
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

    @Override
    void startReceiving(byte[] order, StreamEvents<byte[]> events) {
        ClientCalls.asyncServerStreamingCall(
                channel.newCall(RECEIVE, CallOptions.DEFAULT), order, new Observer<>(events));
    }

    @Override
    void sendBlocking(int messages, byte[] message) throws InterruptedException {
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

    @Override
    void startSending(int messages, byte[] message, StreamEvents<byte[]> events) {
        ClientCalls.asyncClientStreamingCall(
                channel.newCall(SEND, CallOptions.DEFAULT), new Sender(messages, message, events));
    }

    private static IllegalStateException failed(StatusException failure) {
        return new IllegalStateException("a call failed: " + failure.getMessage(), failure);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    private static final class Exchanged extends BlockingExchange {
        private final BlockingClientCall<ReusableBytes, ReusableBytes> call;
        private final ReusableBytes message;

        Exchanged(BlockingClientCall<ReusableBytes, ReusableBytes> call, ReusableBytes message) {
            this.call = call;
            this.message = message;
        }

        @Override
        @Nullable
        ReusableBytes sendAndReceive() throws InterruptedException {
            try {
                call.write(message);
                return call.read();
            } catch (StatusException failure) {
                throw failed(failure);
            }
        }

        @Override
        public void close() {
            call.cancel("measured", null);
        }
    }

    /** Tells of what comes, and asks for all messages before the call starts. */
    private static class Observer<M> implements ClientResponseObserver<M, M> {
        private final StreamEvents<M> events;

        Observer(StreamEvents<M> events) {
            this.events = events;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<M> requests) {
            requests.disableAutoRequestWithInitial(Integer.MAX_VALUE);
        }

        @Override
        public void onNext(M message) {
            events.onMessage(message);
        }

        @Override
        public void onError(Throwable failure) {
            events.onEnd(failure);
        }

        @Override
        public void onCompleted() {
            events.onEnd(null);
        }
    }

    private static final class ObserverEcho extends Observer<ReusableBytes> implements Echo {
        private final ReusableBytes message;
        private @Nullable ClientCallStreamObserver<ReusableBytes> requests;

        ObserverEcho(ReusableBytes message, StreamEvents<ReusableBytes> events) {
            super(events);
            this.message = message;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<ReusableBytes> observer) {
            super.beforeStart(observer);
            requests = observer;
        }

        @Override
        public void start() {
            requests().onNext(message);
        }

        @Override
        public void close() {
            requests().cancel("measured", null);
        }

        private ClientCallStreamObserver<ReusableBytes> requests() {
            ClientCallStreamObserver<ReusableBytes> observer = requests;
            assert observer != null;
            return observer;
        }
    }

    /** Sends while the call is ready, on the event loop. */
    private static final class Sender extends Observer<byte[]> {
        private final byte[] message;
        private int left;

        Sender(int messages, byte[] message, StreamEvents<byte[]> events) {
            super(events);
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
