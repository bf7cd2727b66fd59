package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.interceptor.ForwardingClientCall;
import io.peregrine.client.interceptor.StreamInterceptor;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A face that does not fit a method says so, before anything is sent. */
class MethodTypesIT {
    @ParameterizedTest
    @EnumSource(
            value = MethodType.class,
            names = {"CLIENT_STREAMING", "SERVER_STREAMING", "BIDI_STREAMING"})
    void unaryFacesRefuseOtherMethods(MethodType type) {
        MethodDescriptor<byte[], byte[]> method = method(type);
        try (ClientConn conn = conn()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> conn.invoke(method, new byte[0], CallOptions.DEFAULT))
                    .withMessage("method: test.Any/Method, which is " + type + " (expected: a unary one)");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> conn.invokeForResponse(method, new byte[0], CallOptions.DEFAULT));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> conn.invokeFuture(method, new byte[0], CallOptions.DEFAULT));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = MethodType.class,
            names = {"CLIENT_STREAMING", "BIDI_STREAMING"})
    void aStreamWithItsOnlyRequestRefusesMethodsWithMore(MethodType type) {
        try (ClientConn conn = conn()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> conn.newStream(method(type), new byte[0], CallOptions.DEFAULT))
                    .withMessage("method: test.Any/Method, which is " + type + " (expected: one with one request)");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = MethodType.class,
            names = {"CLIENT_STREAMING", "BIDI_STREAMING"})
    void aCallWithItsOnlyRequestRefusesMethodsWithMore(MethodType type) {
        try (ClientConn conn = conn()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> conn.startCall(method(type), new byte[0], CallOptions.DEFAULT, new FirstFailure()))
                    .withMessage("method: test.Any/Method, which is " + type + " (expected: one with one request)");
        }
    }

    @Test
    void aCallWhoseOnlyRequestAnInterceptorRefusesEndsAsCancelled() throws Exception {
        FirstFailure told = new FirstFailure();
        try (ClientConn conn = ClientConn.builder("passthrough:///127.0.0.1:1")
                .credentials(InsecureCredentials.create())
                .streamInterceptor(new NoRoom())
                .build()) {
            ClientCall<byte[]> unused =
                    conn.startCall(method(MethodType.SERVER_STREAMING), new byte[0], CallOptions.DEFAULT, told);

            StatusException failure = told.failure.get(30, TimeUnit.SECONDS);
            assertThat(failure.code()).isEqualTo(StatusCode.CANCELLED);
            assertThat(failure.status().message()).startsWith("an interceptor has no room for the only request");
        }
    }

    private static final class FirstFailure implements StreamCallback<byte[]> {
        final CompletableFuture<StatusException> failure = new CompletableFuture<>();

        @Override
        public void onMessage(byte[] message) {}

        @Override
        public void onComplete(Metadata trailers) {
            failure.completeExceptionally(new AssertionError("OK"));
        }

        @Override
        public void onFailure(StatusException failed) {
            failure.complete(failed);
        }
    }

    private static final class NoRoom implements StreamInterceptor {
        @Override
        public <Q, R> ClientCall<Q> intercept(
                MethodDescriptor<Q, R> method, CallOptions options, StreamCallback<R> callback, Next next) {
            return new ForwardingClientCall<>(next.start(method, options, callback)) {
                @Override
                public boolean trySend(Q message) {
                    return false;
                }
            };
        }
    }

    private static MethodDescriptor<byte[], byte[]> method(MethodType type) {
        return MethodDescriptor.of(type, "test.Any/Method", Marshallers.bytes(), Marshallers.bytes());
    }

    private static ClientConn conn() {
        return ClientConn.builder("passthrough:///127.0.0.1:1")
                .credentials(InsecureCredentials.create())
                .build();
    }
}
