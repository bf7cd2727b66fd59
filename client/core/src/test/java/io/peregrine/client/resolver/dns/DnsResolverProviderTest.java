package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverRegistry;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.testkit.VirtualTimer;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DN-1 to DN-3: what targets of the scheme may be. */
class DnsResolverProviderTest {
    private final VirtualTimer timer = new VirtualTimer();
    private final RecordedResolutions reported = new RecordedResolutions();

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, 10.0.0.1:443",
        "10.0.0.1:50051, 10.0.0.1:50051",
        "[::1]:50051, 0:0:0:0:0:0:0:1:50051",
        "[::1], 0:0:0:0:0:0:0:1:443",
        "::1, 0:0:0:0:0:0:0:1:443",
    })
    void dn1AndDn2AnAddressIsReportedOnceAndNeverLookedUp(String endpoint, String address) throws Exception {
        NameResolver resolver = resolver("", endpoint);

        resolver.start(reported);
        resolver.resolveNow();
        resolver.retry();
        timer.advance(Duration.ofDays(1));

        assertThat(reported.nextAddresses()).containsExactly(address);
        assertThat(reported.resolutions).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"greeter:", "greeter:0", "greeter:65536", "greeter:x", "[::1", "[greeter]:1", "a b"})
    void dn1AnEndpointThatIsMalformedIsRefused(String endpoint) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> resolver("", endpoint))
                .withMessageContaining("expected: ");
    }

    @Test
    void dn3AServerMayHaveAPortAndIsCheckedAtOnce() {
        resolver("10.0.0.53", "greeter").close();
        resolver("10.0.0.53:5353", "greeter").close();
        resolver("[fd00::53]:53", "greeter").close();
        resolver("ns.internal", "greeter").close();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> resolver("10.0.0.53:0", "greeter"))
                .withMessage("port: \"0\" in \"10.0.0.53:0\" (expected: 1..65535)");
    }

    @Test
    void tg5TheAuthorityIsTheEndpointAndOfSrvRecordsTheNameBehindServiceAndProtocol() {
        DnsResolverProvider plain = new DnsResolverProvider();
        DnsResolverProvider srv =
                new DnsResolverProvider(DnsOptions.builder().srv(true).build());

        assertThat(plain.authority(target("dns:///greeter.test:443"))).isEqualTo("greeter.test:443");
        assertThat(plain.authority(target("dns:///:443"))).isEqualTo("localhost:443");
        assertThat(plain.authority(target("dns:///_grpc._tcp.greeter.test"))).isEqualTo("_grpc._tcp.greeter.test");
        assertThat(srv.authority(target("dns:///_grpc._tcp.greeter.test"))).isEqualTo("greeter.test");
        assertThat(srv.authority(target("dns:///greeter.service.consul"))).isEqualTo("greeter.service.consul");
    }

    @Test
    void px2NamesAreLeftToProxiesButNotThoseOfSrvRecords() {
        assertThat(new DnsResolverProvider().leavesNamesToProxies()).isTrue();
        assertThat(new DnsResolverProvider(DnsOptions.builder().srv(true).build()).leavesNamesToProxies())
                .isFalse();
    }

    private static Target target(String text) {
        return Target.parse(text, "dns", NameResolverRegistry.standard());
    }

    private NameResolver resolver(String authority, String endpoint) {
        ResolverContext context =
                new ResolverContext(443, timer, new EmbeddedChannel().eventLoop(), timer::nanoTime, true);
        return new DnsResolverProvider().newResolver(new Target("dns", authority, endpoint), context);
    }
}
