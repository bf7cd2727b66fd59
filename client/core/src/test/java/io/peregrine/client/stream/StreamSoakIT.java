package io.peregrine.client.stream;

import static io.peregrine.client.stream.TestService.UNARY_CALL;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientCall;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.transport.io.IoBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The interop cases rpc_soak, channel_soak and concurrent_large_unary, bounded, through calls with streams. */
@ParameterizedClass
@MethodSource("transports")
class StreamSoakIT {
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(60));
    private static final int RPC_ITERATIONS = 200;
    private static final int CHANNEL_ITERATIONS = 20;
    private static final int CONCURRENT_CALLS = 100;

    private final IoBackend backend;
    private final InteropPair.Security security;
    private InteropPair pair;

    StreamSoakIT(IoBackend backend, InteropPair.Security security) {
        this.backend = backend;
        this.security = security;
    }

    static Stream<Arguments> transports() {
        return InteropPair.transports();
    }

    @BeforeEach
    void start() throws Exception {
        pair = new InteropPair(backend, security);
    }

    @AfterEach
    void stop() throws Exception {
        pair.close();
    }

    @Test
    void rpcSoak() {
        try (ClientConn conn = pair.connect()) {
            for (int i = 0; i < RPC_ITERATIONS; i++) {
                largeUnary(conn);
            }
        }
    }

    @Test
    void channelSoak() {
        for (int i = 0; i < CHANNEL_ITERATIONS; i++) {
            try (ClientConn conn = pair.connect()) {
                largeUnary(conn);
            }
        }
    }

    @Test
    void concurrentLargeUnary() throws Exception {
        try (ClientConn conn = pair.connect()) {
            List<RecordedStream<SimpleResponse>> calls = new ArrayList<>();
            for (int i = 0; i < CONCURRENT_CALLS; i++) {
                RecordedStream<SimpleResponse> recorded = new RecordedStream<>();
                ClientCall<SimpleRequest> call = conn.startCall(UNARY_CALL, OPTIONS, recorded);
                while (!call.trySend(TestService.largeRequest())) {
                    recorded.awaitRoom();
                }
                calls.add(recorded);
            }

            for (RecordedStream<SimpleResponse> call : calls) {
                assertThat(call.nextMessage().getPayload().getBody()).hasSize(TestService.LARGE_RESPONSE_BYTES);
                call.awaitComplete();
            }
        }
    }

    private static void largeUnary(ClientConn conn) {
        try (ClientStream<SimpleRequest, SimpleResponse> call =
                conn.newStream(UNARY_CALL, TestService.largeRequest(), OPTIONS)) {
            assertThat(call.receive().getPayload().getBody()).hasSize(TestService.LARGE_RESPONSE_BYTES);
            assertThat(call.receive()).isNull();
        }
    }
}
