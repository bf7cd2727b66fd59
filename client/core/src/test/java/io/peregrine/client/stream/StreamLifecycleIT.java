package io.peregrine.client.stream;

import static io.peregrine.client.stream.TestService.FULL_DUPLEX_CALL;
import static io.peregrine.client.stream.TestService.STREAMING_INPUT_CALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.Messages.StreamingInputCallRequest;
import io.grpc.testing.integration.Messages.StreamingInputCallResponse;
import io.grpc.testing.integration.Messages.StreamingOutputCallRequest;
import io.grpc.testing.integration.Messages.StreamingOutputCallResponse;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.transport.io.IoBackend;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Streams and the life of their channel: before it is connected, while it is shut down, and when it is gone. */
@ParameterizedClass
@MethodSource("transports")
class StreamLifecycleIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));
    private static final Duration SOON = Duration.ofSeconds(10);

    private final IoBackend backend;
    private final InteropPair.Security security;

    StreamLifecycleIT(IoBackend backend, InteropPair.Security security) {
        this.backend = backend;
        this.security = security;
    }

    static Stream<Arguments> transports() {
        return InteropPair.transports();
    }

    @Test
    void gracefulShutdownLetsAnOpenStreamEnd() throws Exception {
        try (InteropPair pair = new InteropPair(backend, security);
                ClientConn conn = pair.connect();
                ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                        conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            stream.send(TestService.outputs(3));
            assertThat(TestService.size(stream.receive())).isEqualTo(3);

            conn.shutdown();

            StatusException refused = failureOf(conn.newStream(FULL_DUPLEX_CALL, OPTIONS));
            assertThat(refused.code()).isEqualTo(StatusCode.UNAVAILABLE);
            stream.send(TestService.outputs(100_000));
            assertThat(TestService.size(stream.receive())).isEqualTo(100_000);
            assertThat(conn.awaitTermination(Duration.ZERO)).as("terminated").isFalse();
            stream.closeSend();
            assertThat(stream.receive()).isNull();
            assertThat(conn.awaitTermination(SOON)).as("terminated").isTrue();
        }
    }

    @Test
    void shutdownNowEndsAnOpenStreamAndWhoWaitsInIt() throws Exception {
        try (InteropPair pair = new InteropPair(backend, security);
                ClientConn conn = pair.connect();
                ClientStream<StreamingOutputCallRequest, StreamingOutputCallResponse> stream =
                        conn.newStream(FULL_DUPLEX_CALL, OPTIONS)) {
            stream.send(TestService.outputs(3));
            assertThat(TestService.size(stream.receive())).isEqualTo(3);
            CompletableFuture<StatusException> ended = new CompletableFuture<>();
            Thread receiver = new Thread(() -> ended.complete(failureOf(stream)), "receiver");
            receiver.start();
            Waiting.untilParked(receiver);

            conn.shutdownNow();

            assertThat(ended.get(10, TimeUnit.SECONDS).code()).isEqualTo(StatusCode.CANCELLED);
            assertThat(conn.awaitTermination(SOON)).as("terminated").isTrue();
            assertThat(catchThrowableOfType(StatusException.class, () -> stream.send(TestService.outputs(1)))
                            .code())
                    .isEqualTo(StatusCode.CANCELLED);
        }
    }

    @Test
    void d5AStreamThatWaitsForReadyBeginsWhenTheServerIsThere() throws Exception {
        int port = unusedPort();
        try (ClientConn conn = plaintext("127.0.0.1:" + port)) {
            ClientStream<StreamingInputCallRequest, StreamingInputCallResponse> waits =
                    conn.newStream(STREAMING_INPUT_CALL, OPTIONS.withWaitForReady(true));
            waits.send(TestService.input(1000));
            waits.send(TestService.input(24));
            while (conn.state() != ConnectivityState.TRANSIENT_FAILURE) {
                conn.stateChangedFrom(conn.state()).get(10, TimeUnit.SECONDS);
            }
            StatusException failedFast = failureOf(conn.newStream(STREAMING_INPUT_CALL, OPTIONS));
            assertThat(failedFast.code()).isEqualTo(StatusCode.UNAVAILABLE);

            NettyServerBuilder builder = NettyServerBuilder.forAddress(InteropPair.loopback(port));
            try (InteropPair pair = new InteropPair(backend, InteropPair.Security.PLAINTEXT, builder)) {
                assertThat(pair.port()).isEqualTo(port);
                assertThat(waits.closeAndReceive().getAggregatedPayloadSize()).isEqualTo(1024);
            }
        }
    }

    /** SV-13: the call would begin again, if what it has sent were still there. */
    @Test
    void sv13ACallThatSentMoreThanIsKeptBeforeTheNameWasResolvedGoesOn() throws Exception {
        try (InteropPair pair = new InteropPair(backend, security)) {
            HeldResolver held = new HeldResolver(new Endpoint(List.of(InteropPair.loopback(pair.port()))));
            try (ClientConn conn = pair.builder().resolver(held).build()) {
                RecordedStream<StreamingInputCallResponse> recorded = new RecordedStream<>();
                ClientCall<StreamingInputCallRequest> call = conn.startCall(STREAMING_INPUT_CALL, OPTIONS, recorded);
                while (!call.trySend(TestService.input(3 << 20))) {
                    recorded.awaitRoom();
                }
                call.closeSend();

                held.answer();

                assertThat(recorded.nextMessage().getAggregatedPayloadSize()).isEqualTo(3 << 20);
                recorded.awaitComplete();
            }
        }
    }

    /** A resolver that answers when the test says so. */
    private static final class HeldResolver implements NameResolverProvider, NameResolver {
        private final CompletableFuture<Listener> listener = new CompletableFuture<>();
        private final Endpoint endpoint;

        HeldResolver(Endpoint endpoint) {
            this.endpoint = endpoint;
        }

        void answer() throws Exception {
            listener.get(10, TimeUnit.SECONDS).onEndpoints(List.of(endpoint));
        }

        @Override
        public String scheme() {
            return "dns";
        }

        @Override
        public NameResolver newResolver(Target target, ResolverContext context) {
            return this;
        }

        @Override
        public void start(Listener newListener) {
            listener.complete(newListener);
        }

        @Override
        public void resolveNow() {
            // There is one answer.
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }

    private static ClientConn plaintext(String target) {
        return ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .build();
    }

    private static int unusedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(InteropPair.loopback(0));
            return socket.getLocalPort();
        }
    }

    private static StatusException failureOf(ClientStream<?, ?> stream) {
        return catchThrowableOfType(StatusException.class, stream::receive);
    }
}
