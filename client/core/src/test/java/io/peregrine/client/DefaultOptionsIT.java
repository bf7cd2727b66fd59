package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.peregrine.client.credentials.InsecureCredentials;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** Options of a connection reach its calls, however they are made, behind the options of the calls (SPEC SV-4). */
class DefaultOptionsIT {
    private static final MethodDescriptor<byte[], byte[]> UNARY =
            MethodDescriptor.unary("test.Any/Unary", Marshallers.bytes(), Marshallers.bytes());
    private static final MethodDescriptor<byte[], byte[]> CHAT =
            MethodDescriptor.bidiStreaming("test.Any/Chat", Marshallers.bytes(), Marshallers.bytes());

    @Test
    void sv4TheConnectionsDeadlineHoldsForEachKindOfCall() throws Exception {
        try (InteropServer server = InteropServer.plaintext();
                ClientConn conn = connTo(server, CallOptions.deadlineAfter(Duration.ZERO))) {
            assertThat(codeOf(() -> conn.invoke(UNARY, new byte[0], CallOptions.DEFAULT)))
                    .isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            assertThat(codeOf(() -> conn.invokeForResponse(UNARY, new byte[0], CallOptions.DEFAULT)))
                    .isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            CompletionException ofFuture = catchThrowableOfType(
                    CompletionException.class,
                    () -> conn.invokeFuture(UNARY, new byte[0], CallOptions.DEFAULT)
                            .join());
            assertThat(((StatusException) ofFuture.getCause()).code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            try (ClientStream<byte[], byte[]> stream = conn.newStream(CHAT, CallOptions.DEFAULT)) {
                assertThat(codeOf(stream::receive)).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
            }
        }
    }

    @Test
    void sv4ACallsOwnDeadlineReplacesThatOfTheConnection() throws Exception {
        CallOptions own = CallOptions.deadlineAfter(Duration.ofSeconds(10));
        try (InteropServer server = InteropServer.plaintext();
                ClientConn conn = connTo(server, CallOptions.deadlineAfter(Duration.ZERO))) {
            assertThat(codeOf(() -> conn.invoke(UNARY, new byte[0], own))).isEqualTo(StatusCode.UNIMPLEMENTED);
        }
    }

    private static ClientConn connTo(InteropServer server, CallOptions defaults) {
        return ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .defaultOptions(defaults)
                .build();
    }

    private static StatusCode codeOf(Runnable call) {
        return catchThrowableOfType(StatusException.class, call::run).code();
    }
}
