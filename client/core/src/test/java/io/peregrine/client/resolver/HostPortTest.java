package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DN-1. */
class HostPortTest {
    @ParameterizedTest
    @CsvSource({
        "greeter, greeter, 443, greeter:443",
        "greeter:80, greeter, 80, greeter:80",
        "greeter:1, greeter, 1, greeter:1",
        "greeter:65535, greeter, 65535, greeter:65535",
        "10.0.0.1:80, 10.0.0.1, 80, 10.0.0.1:80",
        "10.0.0.1, 10.0.0.1, 443, 10.0.0.1:443",
        "::1, ::1, 443, [::1]:443",
        "fd00::1:2, fd00::1:2, 443, [fd00::1:2]:443",
        "[::1], ::1, 443, [::1]:443",
        "[::1]:80, ::1, 80, [::1]:80",
        ":80, localhost, 80, localhost:80",
        "a_b.c-d:80, a_b.c-d, 80, a_b.c-d:80"
    })
    void dn1ParsesHostAndPort(String text, String host, int port, String shown) {
        HostPort parsed = HostPort.parse(text, 443);

        assertThat(parsed).isEqualTo(new HostPort(host, port)).hasToString(shown);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "65536", "70000", "-1", "+80", "80x", "", "99999999999", "8 0", "۸۰"})
    void dn1RefusesAPortThatIsNone(String port) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HostPort.parse("greeter:" + port, 443))
                .withMessage("port: \"" + port + "\" in \"greeter:" + port + "\" (expected: 1..65535)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[::1", "[greeter]:80", "[10.0.0.1]:80", "[::1]80", "[]:80", "a/b:80", "u@h:80", "a b:80", "é:80"
            })
    void dn1RefusesAHostThatIsNone(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HostPort.parse(text, 443))
                .withMessage("address: \"" + text + "\" (expected: host:port or [ipv6]:port)");
    }

    @ParameterizedTest
    @ValueSource(strings = "")
    void dn1RefusesNothing(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HostPort.parse(text, 443))
                .withMessage("address: \"\" (expected: host:port)");
    }
}
