package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.Messages.ResponseParameters;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.TestServiceGrpc;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Chains of interceptors as frameworks make them of what they have collected: one that measures, around one that calls
 * again with a new call, around another that measures, around one that changes the metadata.
 */
class InterceptorChainIT {
    private static final Metadata.Key<String> TOKEN = Metadata.Key.of("x-token", Metadata.ASCII_STRING_MARSHALLER);
    private static final int MAX_CALLS = 3;

    private final AtomicInteger refusals = new AtomicInteger();
    private final Queue<String> tokens = new ConcurrentLinkedQueue<>();
    private final Queue<String> seen = new ConcurrentLinkedQueue<>();
    private final ClientInterceptor outer = new Measured("outer");
    private final ClientInterceptor again = new RepeatedCalls(MAX_CALLS);
    private final ClientInterceptor inner = new Measured("inner");
    private final ClientInterceptor token = new NewToken();
    private InteropServer server;
    private @Nullable PeregrineChannel channel;

    @BeforeEach
    void start() throws Exception {
        server = InteropServer.plaintext(new Refusal());
    }

    @AfterEach
    void stop() throws Exception {
        if (channel != null) {
            channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        }
        server.close();
    }

    @Test
    void theFirstOfAForwardChainSeesACallFirst() {
        assertCallsAgainInside(ClientInterceptors.interceptForward(channel(), outer, again, inner, token));
    }

    @Test
    void theLastOfAChainSeesACallFirst() {
        assertCallsAgainInside(ClientInterceptors.intercept(channel(), token, inner, again, outer));
    }

    @Test
    void theLastOfTheBuilderSeesACallFirst() {
        assertCallsAgainInside(channel(token, inner, again, outer));
    }

    @Test
    void thoseOfAStubSeeACallBeforeThoseOfTheBuilder() {
        assertCallsAgainInside(ClientInterceptors.intercept(channel(token, inner), again, outer));
    }

    private void assertCallsAgainInside(Channel chain) {
        refusals.set(1);

        Empty response = TestServiceGrpc.newBlockingStub(chain).emptyCall(Empty.getDefaultInstance());

        assertThat(response).isEqualTo(Empty.getDefaultInstance());
        assertThat(seen)
                .containsExactly(
                        "outer EmptyCall",
                        "inner EmptyCall",
                        "inner UNAVAILABLE",
                        "inner EmptyCall",
                        "inner OK",
                        "outer OK");
        assertThat(tokens).containsExactly("token 1", "token 2");
    }

    @Test
    void theLastFailureIsThatOfTheCall() {
        refusals.set(Integer.MAX_VALUE);
        Channel chain = channel(token, inner, again, outer);

        assertThatThrownBy(() -> TestServiceGrpc.newBlockingStub(chain).emptyCall(Empty.getDefaultInstance()))
                .hasMessage("UNAVAILABLE: not now");

        assertThat(tokens).hasSize(MAX_CALLS);
        assertThat(seen).endsWith("inner UNAVAILABLE", "outer UNAVAILABLE");
    }

    @Test
    void aStreamGoesThroughAllOfThem() {
        Channel chain = channel(token, inner, again, outer);
        StreamingOutputCallRequest request = StreamingOutputCallRequest.newBuilder()
                .addResponseParameters(ResponseParameters.newBuilder().setSize(1))
                .addResponseParameters(ResponseParameters.newBuilder().setSize(2))
                .build();

        assertThat(TestServiceGrpc.newBlockingStub(chain).streamingOutputCall(request))
                .toIterable()
                .hasSize(2);

        assertThat(seen)
                .containsExactly("outer StreamingOutputCall", "inner StreamingOutputCall", "inner OK", "outer OK");
        assertThat(tokens).containsExactly("token 1");
    }

    private PeregrineChannel channel(ClientInterceptor... interceptors) {
        channel = PeregrineChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .intercept(List.of(interceptors))
                .build();
        return channel;
    }

    /** Notes the beginning and the end of each call. */
    private final class Measured implements ClientInterceptor {
        private final String name;

        Measured(String name) {
            this.name = name;
        }

        @Override
        public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<Q, R>(next.newCall(method, options)) {
                @Override
                public void start(Listener<R> listener, Metadata headers) {
                    seen.add(name + ' ' + method.getBareMethodName());
                    super.start(new MeasuredEnd<>(name, listener), headers);
                }
            };
        }
    }

    private final class MeasuredEnd<R> extends SimpleForwardingClientCallListener<R> {
        private final String name;

        MeasuredEnd(String name, ClientCall.Listener<R> listener) {
            super(listener);
            this.name = name;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            seen.add(name + ' ' + status.getCode());
            super.onClose(status, trailers);
        }
    }

    /** A token for each call that goes on its way. */
    private static final class NewToken implements ClientInterceptor {
        private final AtomicInteger issued = new AtomicInteger();

        @Override
        public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<Q, R>(next.newCall(method, options)) {
                @Override
                public void start(Listener<R> listener, Metadata headers) {
                    headers.put(TOKEN, "token " + issued.incrementAndGet());
                    super.start(listener, headers);
                }
            };
        }
    }

    /** The server's side: notes tokens, and refuses as often as it is told. */
    private final class Refusal implements ServerInterceptor {
        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            tokens.add(String.valueOf(headers.get(TOKEN)));
            if (refusals.getAndDecrement() > 0) {
                call.close(Status.UNAVAILABLE.withDescription("not now"), new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return next.startCall(call, headers);
        }
    }
}
