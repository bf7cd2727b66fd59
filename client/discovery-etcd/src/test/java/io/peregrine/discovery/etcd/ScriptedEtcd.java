package io.peregrine.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.peregrine.discovery.etcd.proto.AuthenticateRequest;
import io.peregrine.discovery.etcd.proto.AuthenticateResponse;
import io.peregrine.discovery.etcd.proto.Event;
import io.peregrine.discovery.etcd.proto.KeyValue;
import io.peregrine.discovery.etcd.proto.RangeRequest;
import io.peregrine.discovery.etcd.proto.RangeResponse;
import io.peregrine.discovery.etcd.proto.ResponseHeader;
import io.peregrine.discovery.etcd.proto.WatchCreateRequest;
import io.peregrine.discovery.etcd.proto.WatchRequest;
import io.peregrine.discovery.etcd.proto.WatchResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A server of grpc-java in the place of etcd: a test takes each call and answers it, at once, later or never. */
final class ScriptedEtcd implements AutoCloseable {
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<String> SENT_TOKEN = Context.key("token");

    private final BlockingQueue<Unary<AuthenticateRequest, AuthenticateResponse>> logins = new LinkedBlockingQueue<>();
    private final BlockingQueue<Unary<RangeRequest, RangeResponse>> ranges = new LinkedBlockingQueue<>();
    private final BlockingQueue<Watch> watches = new LinkedBlockingQueue<>();
    private final Server server;
    private final int port;

    ScriptedEtcd() throws IOException {
        this(0);
    }

    ScriptedEtcd(int port) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .intercept(new TokenReader())
                .addService(unary(
                        "etcdserverpb.Auth",
                        "Authenticate",
                        AuthenticateRequest.getDefaultInstance(),
                        AuthenticateResponse.getDefaultInstance(),
                        logins))
                .addService(unary(
                        "etcdserverpb.KV",
                        "Range",
                        RangeRequest.getDefaultInstance(),
                        RangeResponse.getDefaultInstance(),
                        ranges))
                .addService(ServerServiceDefinition.builder("etcdserverpb.Watch")
                        .addMethod(
                                method(
                                        MethodDescriptor.MethodType.BIDI_STREAMING,
                                        "etcdserverpb.Watch/Watch",
                                        WatchRequest.getDefaultInstance(),
                                        WatchResponse.getDefaultInstance()),
                                ServerCalls.asyncBidiStreamingCall(this::watch))
                        .build())
                .build()
                .start();
        this.port = server.getPort();
    }

    int port() {
        return port;
    }

    String address() {
        return "127.0.0.1:" + port();
    }

    Unary<AuthenticateRequest, AuthenticateResponse> nextLogin() throws InterruptedException {
        return next(logins, "login");
    }

    Unary<RangeRequest, RangeResponse> nextRange() throws InterruptedException {
        return next(ranges, "range");
    }

    Watch nextWatch() throws InterruptedException {
        return next(watches, "watch");
    }

    /** Reads the keys for whoever asks next, and returns his watch, which stands. */
    Watch serve(long revision, Map<String, String> entries) throws InterruptedException {
        nextRange().answer(keys(revision, entries));
        Watch watch = nextWatch();
        watch.created();
        return watch;
    }

    static RangeResponse keys(long revision, Map<String, String> entries) {
        RangeResponse.Builder answer = RangeResponse.newBuilder().setHeader(header(revision));
        entries.forEach((key, value) -> answer.addKvs(pair(key, value)));
        return answer.build();
    }

    static ResponseHeader header(long revision) {
        return ResponseHeader.newBuilder().setRevision(revision).build();
    }

    private static KeyValue pair(String key, String value) {
        return KeyValue.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .build();
    }

    private static <T> T next(BlockingQueue<T> calls, String what) throws InterruptedException {
        T call = calls.poll(20, TimeUnit.SECONDS);
        if (call == null) {
            throw new AssertionError("no " + what + " within 20 s");
        }
        return call;
    }

    /** Ends all calls, and frees the port. */
    @Override
    public void close() {
        server.shutdownNow();
        try {
            assertThat(server.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }

    private StreamObserver<WatchRequest> watch(StreamObserver<WatchResponse> answers) {
        Watch watch = new Watch(SENT_TOKEN.get(), answers);
        return new StreamObserver<>() {
            @Override
            public void onNext(WatchRequest request) {
                watch.create = request.getCreateRequest();
                watches.add(watch);
            }

            @Override
            public void onError(Throwable cancelled) {
                watch.gone.countDown();
            }

            @Override
            public void onCompleted() {}
        };
    }

    private static <Q extends Message, R extends Message> ServerServiceDefinition unary(
            String service, String name, Q request, R response, BlockingQueue<Unary<Q, R>> calls) {
        return ServerServiceDefinition.builder(service)
                .addMethod(
                        method(MethodDescriptor.MethodType.UNARY, service + '/' + name, request, response),
                        ServerCalls.asyncUnaryCall(
                                (asked, answer) -> calls.add(new Unary<>(asked, SENT_TOKEN.get(), answer))))
                .build();
    }

    private static <Q extends Message, R extends Message> MethodDescriptor<Q, R> method(
            MethodDescriptor.MethodType type, String name, Q request, R response) {
        return MethodDescriptor.<Q, R>newBuilder()
                .setType(type)
                .setFullMethodName(name)
                .setRequestMarshaller(ProtoUtils.marshaller(request))
                .setResponseMarshaller(ProtoUtils.marshaller(response))
                .build();
    }

    /** A call with one answer. */
    record Unary<Q, R>(Q request, String token, StreamObserver<R> answers) {
        void answer(R response) {
            answers.onNext(response);
            answers.onCompleted();
        }

        void fail(Status status) {
            answers.onError(status.asRuntimeException());
        }
    }

    /** A watch. */
    static final class Watch {
        private final String token;
        private final StreamObserver<WatchResponse> answers;
        private final CountDownLatch gone = new CountDownLatch(1);
        private volatile WatchCreateRequest create = WatchCreateRequest.getDefaultInstance();

        Watch(String token, StreamObserver<WatchResponse> answers) {
            this.token = token;
            this.answers = answers;
        }

        WatchCreateRequest create() {
            return create;
        }

        String token() {
            return token;
        }

        void created() {
            answers.onNext(WatchResponse.newBuilder().setCreated(true).build());
        }

        void put(String key, String value) {
            says(Event.newBuilder().setType(Event.EventType.PUT).setKv(pair(key, value)));
        }

        void delete(String key) {
            says(Event.newBuilder()
                    .setType(Event.EventType.DELETE)
                    .setKv(KeyValue.newBuilder().setKey(ByteString.copyFromUtf8(key))));
        }

        private void says(Event.Builder event) {
            answers.onNext(WatchResponse.newBuilder().addEvents(event).build());
        }

        void progress(long revision) {
            answers.onNext(
                    WatchResponse.newBuilder().setHeader(header(revision)).build());
        }

        void cancel(String reason, long compactRevision) {
            answers.onNext(WatchResponse.newBuilder()
                    .setCanceled(true)
                    .setCancelReason(reason)
                    .setCompactRevision(compactRevision)
                    .build());
        }

        void fail(Status status) {
            answers.onError(status.asRuntimeException());
        }

        /** Whether the client has ended it within 20 s. */
        boolean isGone() throws InterruptedException {
            return gone.await(20, TimeUnit.SECONDS);
        }
    }

    private static final class TokenReader implements ServerInterceptor {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            String token = headers.get(TOKEN);
            Context context = Context.current().withValue(SENT_TOKEN, token == null ? "" : token);
            return Contexts.interceptCall(context, call, headers, next);
        }
    }
}
