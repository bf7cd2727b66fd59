package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.grpc.BindableService;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.interceptor.StreamInterceptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Health checks (SPEC 2.9) against the health service of grpc-java. */
class HealthCheckIT {
    private static final MethodDescriptor<Empty, Empty> EMPTY_CALL = MethodDescriptor.unary(
            "grpc.testing.TestService/EmptyCall",
            Marshallers.protobuf(Empty.parser()),
            Marshallers.protobuf(Empty.parser()));
    private static final CallOptions PATIENT =
            CallOptions.deadlineAfter(Duration.ofSeconds(20)).withWaitForReady(true);
    private static final CallOptions IMPATIENT = CallOptions.deadlineAfter(Duration.ofSeconds(20));
    private static final Metadata.Key<String> TIMEOUT =
            Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);
    private static final String SERVICE = "shop";
    private static final String ROUND_ROBIN = "{\"loadBalancingConfig\": [{\"round_robin\": {}}],"
            + " \"healthCheckConfig\": {\"serviceName\": \"" + SERVICE + "\"}}";
    private static final String PICK_FIRST = "{\"loadBalancingConfig\": [{\"pick_first\": {}}],"
            + " \"healthCheckConfig\": {\"serviceName\": \"" + SERVICE + "\"}}";

    @Test
    void hc3CallsGoToServersThatAreServingAndFollowThem() throws Exception {
        try (Server one = new Server(ServingStatus.SERVING);
                Server other = new Server(ServingStatus.NOT_SERVING);
                ClientConn conn = connect(ROUND_ROBIN, one, other).build()) {
            for (int n = 0; n < 20; n++) {
                conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);
            }
            assertThat(one.calls).hasValue(20);
            assertThat(other.calls).hasValue(0);

            other.is(ServingStatus.SERVING);
            while (other.calls.get() == 0) {
                conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);
            }
            one.is(ServingStatus.NOT_SERVING);
            int before = one.calls.get();
            for (int n = 0; n < 3; ) {
                conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);
                n = one.calls.get() == before ? n + 1 : 0;
                before = one.calls.get();
            }
        }
    }

    @Test
    void hc3CallsFailWithWhatTheServersSayWhenNoneIsServing() throws Exception {
        try (Server one = new Server(ServingStatus.NOT_SERVING);
                ClientConn conn = connect(ROUND_ROBIN, one).build()) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), IMPATIENT))
                    .withMessageContaining("the service \"shop\"")
                    .withMessageContaining("NOT_SERVING")
                    .satisfies(failure -> assertThat(failure.code()).isEqualTo(StatusCode.UNAVAILABLE));
            assertThat(one.calls).hasValue(0);
        }
    }

    @Test
    void hc4AServerWithoutTheHealthServiceIsTakenForHealthy() throws Exception {
        try (Server one = new Server(null);
                ClientConn conn = connect(ROUND_ROBIN, one).build()) {
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);

            assertThat(one.calls).hasValue(1);
        }
    }

    @Test
    void hc1TheUserMayTurnItOff() throws Exception {
        try (Server one = new Server(ServingStatus.NOT_SERVING);
                ClientConn conn = connect(ROUND_ROBIN, one).healthChecks(false).build()) {
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);

            assertThat(one.watches).hasValue(0);
        }
    }

    @Test
    void hc1PickFirstByItselfDoesNotAsk() throws Exception {
        try (Server one = new Server(ServingStatus.NOT_SERVING);
                ClientConn conn = connect(PICK_FIRST, one).build()) {
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);

            assertThat(one.watches).hasValue(0);
        }
    }

    @Test
    void hc6AndId4AWatchDoesNotKeepTheChannelFromGoingIdleAndEndsWithIt() throws Exception {
        try (Server one = new Server(ServingStatus.SERVING);
                ClientConn conn = connect(ROUND_ROBIN, one)
                        .idleTimeout(Duration.ofSeconds(1))
                        .build()) {
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);
            assertThat(one.watches).hasValue(1);

            assertThat(conn.stateChangedFrom(ConnectivityState.READY).get(20, TimeUnit.SECONDS))
                    .isEqualTo(ConnectivityState.IDLE);
            one.awaitNoWatch();
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);

            assertThat(one.watches).as("the new connection is asked").hasValue(2);
        }
    }

    @Test
    void hc6AWatchHasNoDeadlineAndPassesByTheApplicationsInterceptors() throws Exception {
        AtomicInteger intercepted = new AtomicInteger();
        StreamInterceptor counting = new StreamInterceptor() {
            @Override
            public <Q, R> ClientCall<Q> intercept(
                    MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback, Next next) {
                intercepted.incrementAndGet();
                return next.start(method, options, callback);
            }
        };
        try (Server one = new Server(ServingStatus.SERVING);
                ClientConn conn = connect(ROUND_ROBIN, one)
                        .streamInterceptor(counting)
                        .defaultOptions(CallOptions.deadlineAfter(Duration.ofSeconds(10)))
                        .build()) {
            conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), PATIENT);

            assertThat(intercepted).hasValue(0);
            assertThat(one.watchTimeouts).containsExactly("none");
        }
    }

    private static ClientConnBuilder connect(String config, Server... servers) {
        int[] ports =
                Arrays.stream(servers).mapToInt(server -> server.server.port()).toArray();
        return ClientConn.builder("given:///shop")
                .credentials(InsecureCredentials.create())
                .resolver(new GivenEndpoints(GivenEndpoints.loopback(ports)))
                .serviceConfigJson(config);
    }

    /** A server that counts calls to its service and watches of its health. */
    private static final class Server implements AutoCloseable, ServerInterceptor {
        final AtomicInteger calls = new AtomicInteger();
        final AtomicInteger watches = new AtomicInteger();
        final List<String> watchTimeouts = new CopyOnWriteArrayList<>();
        private final CountDownLatch watchEnded = new CountDownLatch(1);
        private final HealthStatusManager health = new HealthStatusManager();
        private final InteropServer server;

        Server(@Nullable ServingStatus status) throws Exception {
            NettyServerBuilder builder = NettyServerBuilder.forAddress(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .intercept(this);
            if (status != null) {
                is(status);
                BindableService service = health.getHealthService();
                builder.addService(service);
            }
            server = InteropServer.on(builder, false);
        }

        void is(ServingStatus status) {
            health.setStatus(SERVICE, status);
        }

        void awaitNoWatch() throws InterruptedException {
            assertThat(watchEnded.await(20, TimeUnit.SECONDS)).isTrue();
        }

        @Override
        public <Q, R> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
            boolean watch = call.getMethodDescriptor().getFullMethodName().equals("grpc.health.v1.Health/Watch");
            (watch ? watches : calls).incrementAndGet();
            if (watch) {
                watchTimeouts.add(Objects.requireNonNullElse(headers.get(TIMEOUT), "none"));
            }
            return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(
                    next.startCall(call, headers)) {
                @Override
                public void onCancel() {
                    if (watch) {
                        watchEnded.countDown();
                    }
                    super.onCancel();
                }
            };
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }
}
