package io.peregrine.client.internal.message;

import static io.peregrine.transport.header.HeaderBlocks.linesOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusException;
import io.peregrine.transport.header.RequestHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTemplatesTest {
    private static final MethodDescriptor<byte[], byte[]> ECHO = method("Say");

    private final RequestTemplates templates = new RequestTemplates(true, "echo.test", "test/1", "gzip");

    @Test
    void md6NamesTheFieldsInTheirOrder() {
        assertThat(linesOf(templates.headersOf(ECHO, null, "gzip")))
                .containsExactly(
                        ":method: POST",
                        ":scheme: https",
                        ":path: /test.Echo/Say",
                        ":authority: echo.test",
                        "content-type: application/grpc",
                        "user-agent: test/1",
                        "te: trailers",
                        "grpc-encoding: gzip",
                        "grpc-accept-encoding: gzip");
    }

    @Test
    void ms3OffersWhatIsInstalledAndSaysNothingIfThatIsNothing() {
        assertThat(linesOf(templates.headersOf(ECHO, null, null)))
                .endsWith("te: trailers", "grpc-accept-encoding: gzip");
        assertThat(linesOf(new RequestTemplates(true, "echo.test", "test/1", "").headersOf(ECHO, null, null)))
                .endsWith("te: trailers");
    }

    @Test
    void keepsOneTemplateForEachKindOfCall() {
        RequestHeaders usual = templates.headersOf(ECHO, null, null);

        assertThat(templates.headersOf(ECHO, null, null)).isSameAs(usual);
        assertThat(templates.headersOf(method("Sing"), null, null)).isNotSameAs(usual);
        assertThat(templates.headersOf(ECHO, null, "gzip"))
                .isNotSameAs(usual)
                .isSameAs(templates.headersOf(ECHO, null, "gzip"))
                .isNotSameAs(templates.headersOf(ECHO, "other.test", "gzip"));
    }

    @Test
    void aCallMayNameAnotherAuthority() {
        RequestHeaders own = templates.headersOf(ECHO, "other.test:443", null);

        assertThat(own.authority()).isEqualTo("other.test:443");
        assertThat(linesOf(own)).contains(":authority: other.test:443").doesNotContain(":authority: echo.test");
        assertThat(templates.headersOf(ECHO, "other.test:443", null)).isSameAs(own);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a\r\nb", "é", "\0"})
    void anIllegalAuthorityIsInternal(String authority) {
        assertThatExceptionOfType(StatusException.class)
                .isThrownBy(() -> templates.headersOf(ECHO, authority, null))
                .withMessage("INTERNAL: the call's authority: \"" + authority
                        + "\" (expected: one or more visible ASCII characters)");
    }

    @Test
    void refusesAChannelWhoseAuthorityIsIllegal() {
        assertThatIllegalArgumentException().isThrownBy(() -> new RequestTemplates(true, "a b", "test/1", ""));
    }

    private static MethodDescriptor<byte[], byte[]> method(String name) {
        return MethodDescriptor.unary("test.Echo/" + name, Marshallers.bytes(), Marshallers.bytes());
    }
}
