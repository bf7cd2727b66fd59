package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.Status;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TG-4: the schemes whose targets list their addresses. */
class AddressListResolverProviderTest {
    private static final int DEFAULT_PORT = 443;

    @Test
    void tg4EachAddressOfAStaticListIsAnEndpointAndNamesAreLeftAsTheyAre() {
        List<InetSocketAddress> addresses = resolve("static:///a.internal:1,10.0.0.2:2,[fd00::3]:3,b.internal");

        assertThat(addresses)
                .containsExactly(
                        InetSocketAddress.createUnresolved("a.internal", 1),
                        new InetSocketAddress(HostLookup.literal("10.0.0.2"), 2),
                        new InetSocketAddress(HostLookup.literal("fd00::3"), 3),
                        InetSocketAddress.createUnresolved("b.internal", DEFAULT_PORT));
        assertThat(addresses).extracting(InetSocketAddress::isUnresolved).containsExactly(true, false, false, true);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "ipv4:10.0.0.1:80,10.0.0.2; 10.0.0.1:80 10.0.0.2:443",
                "ipv4:///10.0.0.1:80; 10.0.0.1:80",
                "ipv6:[fd00::1]:80,[fd00::2],fd00::3; fd00:0:0:0:0:0:0:1:80 fd00:0:0:0:0:0:0:2:443"
                        + " fd00:0:0:0:0:0:0:3:443",
                "ipv6:///[fd00::1]:80,[fd00::2]:81; fd00:0:0:0:0:0:0:1:80 fd00:0:0:0:0:0:0:2:81",
            })
    void tg4AddressesOfOneFamily(String target, String expected) {
        String addresses = resolve(target).stream()
                .map(address -> address.getAddress().getHostAddress() + ':' + address.getPort())
                .collect(Collectors.joining(" "));

        assertThat(addresses).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "static:///a:1,,b:2; target: \"static:///a:1,,b:2\" lists an empty address (expected: host:port,...)",
                "static:///a:1,; target: \"static:///a:1,\" lists an empty address (expected: host:port,...)",
                "static:///a:1,b:x; port: \"x\" in \"b:x\" (expected: 1..65535)",
                "ipv4:[fd00::1]:80; target: \"ipv4:///[fd00::1]:80\" lists \"[fd00::1]:80\" (expected:"
                        + " address:port,..., of IPv4)",
                "ipv4:greeter.test; target: \"ipv4:///greeter.test\" lists \"greeter.test\" (expected:"
                        + " address:port,..., of IPv4)",
                "ipv6:10.0.0.1:80; target: \"ipv6:///10.0.0.1:80\" lists \"10.0.0.1:80\" (expected: [address]:port,...,"
                        + " of IPv6)",
                "static://server/a:1; target: \"static://server/a:1\" has the authority \"server\" (expected: none, as"
                        + " in static:host:port,...)",
            })
    void tg4WhatIsMalformedIsRefusedWithOneSentence(String target, String sentence) {
        assertThatIllegalArgumentException().isThrownBy(() -> resolve(target)).withMessage(sentence);
    }

    @Test
    void tg4ThreeThousandAddressesAreFine() {
        String list = IntStream.range(0, 3_000)
                .mapToObj(i -> "10.0." + i / 250 + '.' + i % 250 + ":80")
                .collect(Collectors.joining(","));

        assertThat(resolve("ipv4:" + list)).hasSize(3_000);
    }

    @Test
    void tg5TheAuthorityIsTheFirstAddress() {
        assertThat(authority("static:///a.internal:1,b.internal:2")).isEqualTo("a.internal:1");
        assertThat(authority("ipv6:[fd00::1]:80")).isEqualTo("[fd00::1]:80");
    }

    private static String authority(String text) {
        Target target = parse(text);
        return provider(target).authority(target);
    }

    private static List<InetSocketAddress> resolve(String text) {
        Target target = parse(text);
        ResolverContext context = ResolverContext.of(DEFAULT_PORT, new EmbeddedChannel().eventLoop(), true);
        List<InetSocketAddress> found = new ArrayList<>();
        provider(target).newResolver(target, context).start(new NameResolver.Listener() {
            @Override
            public void onEndpoints(List<Endpoint> endpoints) {
                assertThat(endpoints)
                        .allSatisfy(endpoint -> assertThat(endpoint.addresses()).hasSize(1));
                endpoints.forEach(endpoint ->
                        found.add((InetSocketAddress) endpoint.addresses().get(0)));
            }

            @Override
            public void onError(Status status) {
                throw new AssertionError(status);
            }
        });
        return found;
    }

    private static Target parse(String text) {
        return Target.parse(text, "dns", NameResolverRegistry.standard());
    }

    private static NameResolverProvider provider(Target target) {
        return Objects.requireNonNull(NameResolverRegistry.standard().find(target.scheme()));
    }
}
