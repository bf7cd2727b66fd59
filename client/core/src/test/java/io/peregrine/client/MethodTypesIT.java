package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.client.credentials.InsecureCredentials;
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

    private static MethodDescriptor<byte[], byte[]> method(MethodType type) {
        return MethodDescriptor.of(type, "test.Any/Method", Marshallers.bytes(), Marshallers.bytes());
    }

    private static ClientConn conn() {
        return ClientConn.builder("passthrough:///127.0.0.1:1")
                .credentials(InsecureCredentials.create())
                .build();
    }
}
