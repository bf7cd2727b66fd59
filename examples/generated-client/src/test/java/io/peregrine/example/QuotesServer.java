package io.peregrine.example;

import com.google.protobuf.Message;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
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
import io.peregrine.example.quotes.v1.Fill;
import io.peregrine.example.quotes.v1.Order;
import io.peregrine.example.quotes.v1.Quote;
import io.peregrine.example.quotes.v1.Summary;
import io.peregrine.example.quotes.v1.Symbol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The service by grpc-java. Every price is the length of its symbol; {@code NONE} is unknown, and {@code SLOW} gets no
 * answer. The metadata {@code x-tenant} is sent back, joined by commas.
 */
final class QuotesServer implements AutoCloseable {
    private static final Metadata.Key<String> TENANT = Metadata.Key.of("x-tenant", Metadata.ASCII_STRING_MARSHALLER);

    private final Server server;

    QuotesServer() throws IOException {
        ServerServiceDefinition service = ServerServiceDefinition.builder("quotes.v1.Quotes")
                .addMethod(
                        method("Latest", MethodType.UNARY, Symbol.getDefaultInstance(), Quote.getDefaultInstance()),
                        ServerCalls.asyncUnaryCall(QuotesServer::latest))
                .addMethod(
                        method(
                                "Watch",
                                MethodType.SERVER_STREAMING,
                                Symbol.getDefaultInstance(),
                                Quote.getDefaultInstance()),
                        ServerCalls.asyncServerStreamingCall(QuotesServer::watch))
                .addMethod(
                        method(
                                "Record",
                                MethodType.CLIENT_STREAMING,
                                Quote.getDefaultInstance(),
                                Summary.getDefaultInstance()),
                        ServerCalls.asyncClientStreamingCall(Recording::new))
                .addMethod(
                        method(
                                "Trade",
                                MethodType.BIDI_STREAMING,
                                Order.getDefaultInstance(),
                                Fill.getDefaultInstance()),
                        ServerCalls.asyncBidiStreamingCall(Trading::new))
                .build();
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .intercept(new TenantEcho())
                .addService(service)
                .build()
                .start();
    }

    String target() {
        return "127.0.0.1:" + server.getPort();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private static <Q extends Message, R extends Message> MethodDescriptor<Q, R> method(
            String name, MethodType type, Q request, R response) {
        return MethodDescriptor.<Q, R>newBuilder()
                .setType(type)
                .setFullMethodName("quotes.v1.Quotes/" + name)
                .setRequestMarshaller(ProtoUtils.marshaller(request))
                .setResponseMarshaller(ProtoUtils.marshaller(response))
                .build();
    }

    private static Quote quote(String symbol) {
        return Quote.newBuilder().setSymbol(symbol).setPrice(symbol.length()).build();
    }

    private static void latest(Symbol symbol, StreamObserver<Quote> answer) {
        switch (symbol.getName()) {
            case "SLOW" -> {}
            case "NONE" ->
                answer.onError(
                        Status.NOT_FOUND.withDescription("no symbol NONE").asRuntimeException());
            default -> {
                answer.onNext(quote(symbol.getName()));
                answer.onCompleted();
            }
        }
    }

    private static void watch(Symbol symbol, StreamObserver<Quote> answer) {
        if (symbol.getName().equals("SLOW")) {
            return;
        }
        for (int i = 0; i < 3; i++) {
            answer.onNext(quote(symbol.getName()));
        }
        if (symbol.getName().equals("NONE")) {
            answer.onError(Status.NOT_FOUND.withDescription("no symbol NONE").asRuntimeException());
        } else {
            answer.onCompleted();
        }
    }

    private record Recording(StreamObserver<Summary> answer, int[] count) implements StreamObserver<Quote> {
        Recording(StreamObserver<Summary> answer) {
            this(answer, new int[1]);
        }

        @Override
        public void onNext(Quote quote) {
            count[0]++;
        }

        @Override
        public void onError(Throwable cancelled) {}

        @Override
        public void onCompleted() {
            answer.onNext(Summary.newBuilder().setQuotes(count[0]).build());
            answer.onCompleted();
        }
    }

    private record Trading(StreamObserver<Fill> answer) implements StreamObserver<Order> {
        @Override
        public void onNext(Order order) {
            answer.onNext(Fill.newBuilder()
                    .setSymbol(order.getSymbol())
                    .setAmount(order.getAmount())
                    .setPrice(order.getSymbol().length())
                    .build());
        }

        @Override
        public void onError(Throwable cancelled) {}

        @Override
        public void onCompleted() {
            answer.onCompleted();
        }
    }

    private static final class TenantEcho implements ServerInterceptor {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            Iterable<String> tenants = headers.getAll(TENANT);
            return next.startCall(
                    new SimpleForwardingServerCall<>(call) {
                        @Override
                        public void sendHeaders(Metadata response) {
                            if (tenants != null) {
                                response.put(TENANT, String.join(",", tenants));
                            }
                            super.sendHeaders(response);
                        }
                    },
                    headers);
        }
    }
}
