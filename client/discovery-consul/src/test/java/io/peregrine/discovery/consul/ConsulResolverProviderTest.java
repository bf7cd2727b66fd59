package io.peregrine.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.time.Duration;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsulResolverProviderTest {
    private final ResolverContext context = ResolverContext.of(80, new EmbeddedChannel().eventLoop(), true);

    @Test
    void tg1ItIsFoundByItsScheme() {
        assertThat(ServiceLoader.load(NameResolverProvider.class))
                .anySatisfy(provider -> assertThat(provider.scheme()).isEqualTo("consul"));
    }

    @Test
    void tg5TheAuthorityIsTheService() {
        ConsulResolverProvider provider =
                ConsulResolverProvider.builder(Map.of()).build();

        assertThat(provider.authority(new Target("consul", "", "greeter/tag=v2")))
                .isEqualTo("greeter");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "tag=v2",
                "greeter/",
                "greeter/tag",
                "greeter/tag=",
                "greeter/=v2",
                "greeter/x=y",
                "greeter/health=good"
            })
    void anEndpointThatIsMalformedIsRefused(String endpoint) {
        ConsulResolverProvider provider =
                ConsulResolverProvider.builder(Map.of()).build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> provider.newResolver(new Target("consul", "", endpoint), context))
                .withMessageContaining("expected: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"consul:0", "ftp://consul", "http://", "consul:8500/x"})
    void anAddressThatIsMalformedIsRefused(String address) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsulResolverProvider.builder(Map.of("CONSUL_HTTP_ADDR", address)));
    }

    @Test
    void theEnvironmentSaysWhereConsulIs() {
        ConsulResolverProvider provider = ConsulResolverProvider.builder(
                        Map.of("CONSUL_HTTP_ADDR", "https://consul.internal", "CONSUL_HTTP_TOKEN", "secret\n"))
                .build();

        assertThatNoException()
                .isThrownBy(() -> provider.newResolver(new Target("consul", "", "greeter"), context)
                        .close());
    }

    @Test
    void theOptionsAreChecked() {
        ConsulResolverProvider.Builder builder = ConsulResolverProvider.builder(Map.of());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.queryWait(Duration.ofMillis(999)))
                .withMessage("query wait: PT0.999S (expected: PT1S..PT10M)");
        assertThatIllegalArgumentException().isThrownBy(() -> builder.queryWait(Duration.ofMinutes(11)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.token("top secret"))
                .withMessage("token: has a character outside 0x21..0x7E (expected: none)");
    }
}
