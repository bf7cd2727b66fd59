package io.peregrine.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PeerNameTest {
    @ParameterizedTest
    @CsvSource({
        "greeter.internal, greeter.internal",
        "greeter.internal., greeter.internal",
        "localhost, localhost",
        "bücher.example, xn--bcher-kva.example",
        "1.2.3.4.example, 1.2.3.4.example",
    })
    void sendsHostNamesAsSni(String host, String expected) {
        PeerName name = PeerName.of(host);

        assertThat(name.value()).isEqualTo(expected);
        assertThat(name.serverNames()).hasSize(1);
        SNIServerName sni = name.serverNames().get(0);
        assertThat(((SNIHostName) sni).getAsciiName()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"192.0.2.1, 192.0.2.1", "2001:db8::1, 2001:db8::1", "[2001:db8::1], 2001:db8::1", "fe80::1%lo, fe80::1"
    })
    void sendsNoSniForIpLiterals(String host, String expected) {
        PeerName name = PeerName.of(host);

        assertThat(name.value()).isEqualTo(expected);
        assertThat(name.serverNames()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a..b", "[greeter"})
    void refusesWhatIsNeither(String host) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PeerName.of(host))
                .withMessage("host: " + host + " (expected: a host name or an IP address)");
    }

    @Test
    void refusesALabelThatIsTooLong() {
        assertThatIllegalArgumentException().isThrownBy(() -> PeerName.of("a".repeat(64) + ".example"));
    }
}
