package io.peregrine.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EtcdResolverProviderTest {
    private final EtcdResolverProvider provider = new EtcdResolverProvider();
    private final ResolverContext context = ResolverContext.of(80, new EmbeddedChannel().eventLoop(), true);

    @Test
    void tg1ItIsFoundByItsScheme() {
        assertThat(ServiceLoader.load(NameResolverProvider.class))
                .anySatisfy(found -> assertThat(found.scheme()).isEqualTo("etcd"));
    }

    @ParameterizedTest
    @CsvSource({"greeter, greeter", "services/greeter, greeter", "/services/greeter//, greeter"})
    void tg5TheAuthorityIsTheLastPartOfThePrefix(String endpoint, String authority) {
        assertThat(provider.authority(new Target("etcd", "", endpoint))).isEqualTo(authority);
    }

    @ParameterizedTest
    @CsvSource({"greeter, greeter/", "services/greeter/, services/greeter/", "/a, /a/"})
    void thePrefixEndsWithASlashSoThatLongerNamesAreOthers(String endpoint, String prefix) {
        assertThat(KeyPrefix.of(endpoint).text()).isEqualTo(prefix);
    }

    @Test
    void aPrefixOfNothingIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> provider.newResolver(new Target("etcd", "", "//"), context))
                .withMessage("etcd prefix: \"//\" (expected: a name, as in services/a)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:0", "a,", ",a", "a:1,b:x"})
    void membersThatAreMalformedAreRefused(String members) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> provider.newResolver(new Target("etcd", members, "greeter"), context));
    }

    @Test
    void aClusterHasAtLeastOneMember() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EtcdResolverProvider.builder().members())
                .withMessage("etcd members: [] (expected: at least one)");
    }
}
