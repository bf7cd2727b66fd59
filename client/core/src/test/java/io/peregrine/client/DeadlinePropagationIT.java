package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.credentials.InsecureCredentials;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The time that a server is told, attempt by attempt (SPEC DL-2, DL-3). */
class DeadlinePropagationIT {
    private static final long DELAY_MS = 50;
    private static final io.grpc.Metadata.Key<String> TIMEOUT =
            io.grpc.Metadata.Key.of("grpc-timeout", io.grpc.Metadata.ASCII_STRING_MARSHALLER);
    private static final RetryPolicy TWICE_MORE =
            RetryPolicy.fixed(Duration.ofMillis(DELAY_MS)).maxAttempts(3).on(StatusCode.UNAVAILABLE);

    private final List<String> timeouts = new CopyOnWriteArrayList<>();
    private InteropServer server;

    /** A server that refuses the first two calls. */
    @BeforeEach
    void start() throws Exception {
        server = InteropServer.on(
                NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .intercept(new ServerInterceptor() {
                            @Override
                            public <Q, R> ServerCall.Listener<Q> interceptCall(
                                    ServerCall<Q, R> call, io.grpc.Metadata headers, ServerCallHandler<Q, R> next) {
                                timeouts.add(String.valueOf(headers.get(TIMEOUT)));
                                if (timeouts.size() < 3) {
                                    call.close(io.grpc.Status.UNAVAILABLE, new io.grpc.Metadata());
                                    return new ServerCall.Listener<>() {};
                                }
                                return next.startCall(call, headers);
                            }
                        }),
                false);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void dl3EachAttemptOfAUnaryCallHasWhatIsLeftOfItsDeadline() throws Exception {
        try (ClientConn conn = connect(ServiceConfig.EMPTY)) {
            CallOptions options =
                    CallOptions.deadlineAfter(Duration.ofSeconds(20)).withRetry(TWICE_MORE);

            conn.invoke(method(MethodType.UNARY), Empty.getDefaultInstance(), options);

            assertTimeoutsShrinkFrom(Duration.ofSeconds(20));
        }
    }

    @Test
    void dl3EachAttemptOfAStreamHasWhatIsLeftOfTheConfigsTimeout() throws Exception {
        ServiceConfig config = ServiceConfig.builder()
                .defaults(method -> method.timeout(Duration.ofSeconds(20)).retry(TWICE_MORE))
                .build();
        try (ClientConn conn = connect(config);
                ClientStream<Empty, Empty> stream =
                        conn.newStream(method(MethodType.CLIENT_STREAMING), CallOptions.DEFAULT)) {
            stream.send(Empty.getDefaultInstance());
            stream.closeAndReceive();

            assertTimeoutsShrinkFrom(Duration.ofSeconds(20));
        }
    }

    @Test
    void dl2ACallWithoutADeadlineSendsNoTimeout() throws Exception {
        try (ClientConn conn = connect(ServiceConfig.EMPTY)) {
            conn.invoke(
                    method(MethodType.UNARY), Empty.getDefaultInstance(), CallOptions.DEFAULT.withRetry(TWICE_MORE));

            assertThat(timeouts).containsExactly("null", "null", "null");
        }
    }

    private void assertTimeoutsShrinkFrom(Duration deadline) {
        long[] leftNs =
                timeouts.stream().mapToLong(DeadlinePropagationIT::nanoseconds).toArray();
        // The backoff is jittered by a fifth, and the wire rounds up to a microsecond.
        long leastNs = TimeUnit.MILLISECONDS.toNanos(DELAY_MS) * 4 / 5 - 1_000;
        assertThat(leftNs).hasSize(3);
        assertThat(leftNs[0]).isBetween(1L, deadline.toNanos());
        assertThat(leftNs[1]).isBetween(1L, leftNs[0] - leastNs);
        assertThat(leftNs[2]).isBetween(1L, leftNs[1] - leastNs);
    }

    private static long nanoseconds(String timeout) {
        long value = Long.parseLong(timeout.substring(0, timeout.length() - 1));
        return switch (timeout.charAt(timeout.length() - 1)) {
            case 'n' -> value;
            case 'u' -> TimeUnit.MICROSECONDS.toNanos(value);
            default -> throw new AssertionError("grpc-timeout: " + timeout + " (expected: in n or u)");
        };
    }

    private ClientConn connect(ServiceConfig config) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .serviceConfig(config)
                .build();
    }

    private static MethodDescriptor<Empty, Empty> method(MethodType type) {
        return MethodDescriptor.of(
                type,
                "grpc.testing.TestService/EmptyCall",
                Marshallers.protobuf(Empty.parser()),
                Marshallers.protobuf(Empty.parser()));
    }
}
