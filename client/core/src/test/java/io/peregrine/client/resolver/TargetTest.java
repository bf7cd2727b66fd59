package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TG-1 to TG-3, TG-7. */
class TargetTest {
    @ParameterizedTest
    @CsvSource({
        "dns:///greeter.internal:443, dns, '', greeter.internal:443",
        "dns:greeter.internal:443, dns, '', greeter.internal:443",
        "dns:/greeter.internal:443, dns, '', greeter.internal:443",
        "dns://8.8.8.8/greeter.internal, dns, 8.8.8.8, greeter.internal",
        "DNS:///greeter, dns, '', greeter",
        "passthrough:///10.0.0.1:80, passthrough, '', 10.0.0.1:80",
        "dns:///[::1]:443, dns, '', [::1]:443",
        "dns:///[fd00::1], dns, '', [fd00::1]",
        "dns:/[fd00::1]:443, dns, '', [fd00::1]:443",
        "dns:[fd00::1]:443, dns, '', [fd00::1]:443",
        "dns://8.8.8.8/[fd00::1]:443, dns, 8.8.8.8, [fd00::1]:443",
        "dns://[fd00::53]:53/[fd00::1]:443, dns, [fd00::53]:53, [fd00::1]:443",
        "dns:///[fe80::1%25eth0]:443, dns, '', [fe80::1%eth0]:443",
        "ipv6:[fd00::1]:443, ipv6, '', [fd00::1]:443",
        "ipv4:10.0.0.1:443, ipv4, '', 10.0.0.1:443",
        "STATIC:///a.internal:1, static, '', a.internal:1",
    })
    void tg1TakesAKnownSchemeAsItIs(String text, String scheme, String authority, String endpoint) {
        assertThat(parse(text)).isEqualTo(new Target(scheme, authority, endpoint));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "greeter.internal",
                "greeter.internal:443",
                "localhost:8080",
                "10.0.0.1",
                "10.0.0.1:443",
                "[::1]:8080",
                "::1",
                ":8080",
                "a_b-c.d~e:1"
            })
    void tg3PutsTheDefaultSchemeInFrontOfEverythingElse(String text) {
        assertThat(parse(text)).isEqualTo(new Target("dns", "", text));
    }

    @Test
    void tg1RefusesAnUnknownSchemeAndNamesTheKnownOnes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse("xds:///greeter"))
                .withMessage("target: \"xds:///greeter\" has the unknown scheme \"xds\" (expected one of: "
                        + NameResolverRegistry.standard().schemes() + ')');
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse("https://greeter.internal"))
                .withMessageContaining("unknown scheme \"https\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t\n"})
    void refusesABlankTarget(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse(text))
                .withMessage("target: \"" + text + "\" (expected: [scheme:///]host:port)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dns:///",
                "dns://8.8.8.8",
                "dns:///greeter?a=b",
                "dns:///greeter#part",
                "greeter?a=b",
                "two words",
                "a\u0000b",
                "a<b>",
                "100%",
                "dns:///a%zz"
            })
    void refusesWhatCannotBeParsedWithOneSentence(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parse(text))
                .withMessage("target: \"" + text + "\" cannot be parsed (expected: [scheme:///]host:port)");
    }

    @Test
    void tg2TheDefaultSchemeMayBeAnotherAndMustBeKnown() {
        NameResolverRegistry schemes = NameResolverRegistry.standard();

        assertThat(Target.parse("10.0.0.1:80", "passthrough", schemes))
                .isEqualTo(new Target("passthrough", "", "10.0.0.1:80"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Target.parse("10.0.0.1:80", "zookeeper", schemes))
                .withMessage("default scheme: \"zookeeper\" is unknown (expected one of: " + schemes.schemes() + ')');
    }

    @Test
    void tg5TheAuthorityIsTheEndpointPercentEncoded() {
        NameResolverProvider plain = new ManualResolver("plain");

        assertThat(plain.authority(new Target("plain", "", "greeter.test:443"))).isEqualTo("greeter.test:443");
        assertThat(plain.authority(new Target("plain", "", ":443"))).isEqualTo("localhost:443");
        assertThat(plain.authority(new Target("plain", "", "[fd00::1]:443"))).isEqualTo("[fd00::1]:443");
        assertThat(plain.authority(new Target("plain", "", "a/b c%\u00e9\"-_.~!$&'()*+,;=:[]@")))
                .isEqualTo("a%2Fb%20c%25%C3%A9%22-_.~!$&'()*+,;=:[]@");
    }

    @Test
    void tg7IsShownWithItsScheme() {
        assertThat(parse("greeter:443")).hasToString("dns:///greeter:443");
        assertThat(parse("dns://8.8.8.8/greeter")).hasToString("dns://8.8.8.8/greeter");
    }

    private static Target parse(String text) {
        return Target.parse(text, "dns", NameResolverRegistry.standard());
    }
}
