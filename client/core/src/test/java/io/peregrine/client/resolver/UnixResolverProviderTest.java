package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.Status;
import io.peregrine.transport.io.UnixSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TG-4, TG-5. */
class UnixResolverProviderTest {
    @ParameterizedTest
    @CsvSource({
        "unix:relative/a.sock, relative/a.sock, unix:relative/a.sock",
        "unix:/run/a.sock, /run/a.sock, unix:///run/a.sock",
        "unix:///run/a.sock, /run/a.sock, unix:///run/a.sock",
        "UNIX:///run/a%20b.sock, /run/a b.sock, unix:///run/a b.sock",
    })
    void aUnixTargetIsAPath(String text, String path, String canonical) {
        Target target = parse(text);

        assertThat(target).hasToString(canonical);
        assertThat(addressOf(target)).isEqualTo(UnixSocketAddress.ofPath(path));
        assertThat(provider(target).authority(target)).isEqualTo("localhost");
    }

    @ParameterizedTest
    @CsvSource({
        "unix-abstract:greeter, greeter, unix-abstract:greeter",
        "unix-abstract:/a/b, /a/b, unix-abstract:///a/b",
        "unix-abstract:///a/b, /a/b, unix-abstract:///a/b",
    })
    void aUnixAbstractTargetIsAName(String text, String name, String canonical) {
        Target target = parse(text);

        assertThat(target).hasToString(canonical);
        assertThat(addressOf(target)).isEqualTo(UnixSocketAddress.ofAbstractName(name));
        assertThat(provider(target).authority(target)).isEqualTo("localhost");
    }

    @Test
    void refusesAnAuthority() {
        assertRefused(
                "unix://host/a.sock",
                "target: \"unix://host/a.sock\" has the authority \"host\""
                        + " (expected: none, as in unix:path or unix:///path)");
        assertRefused(
                "unix-abstract://host/name",
                "target: \"unix-abstract://host/name\" has the authority \"host\""
                        + " (expected: none, as in unix-abstract:name)");
    }

    @Test
    void refusesWhatIsNoAddressWithOneSentence() {
        assertRefused(
                "unix:", "target: \"unix:\" cannot be parsed (expected: unix:name, with %20 for a space and the like)");
        assertRefused(
                "unix-abstract:a b",
                "target: \"unix-abstract:a b\" cannot be parsed"
                        + " (expected: unix-abstract:name, with %20 for a space and the like)");
        assertRefused("unix:a%00b", "unix path: \"a\\0b\" contains NUL (expected: none)");
        assertRefused("unix-abstract:a%00b", "unix-abstract name: \"a\\0b\" contains NUL (expected: none)");
        String tooLong = "x".repeat(108);
        assertRefused("unix:" + tooLong, "unix path: \"" + tooLong + "\" has 108 bytes (expected: 1..107)");
    }

    private static Target parse(String text) {
        return Target.parse(text, "dns", NameResolverRegistry.standard());
    }

    private static NameResolverProvider provider(Target target) {
        return UnixResolverProvider.all().stream()
                .filter(provider -> provider.scheme().equals(target.scheme()))
                .findFirst()
                .orElseThrow();
    }

    private static NameResolver newResolver(Target target) {
        return provider(target).newResolver(target, ResolverContext.of(443, new EmbeddedChannel().eventLoop(), true));
    }

    private static Object addressOf(Target target) {
        List<Endpoint> reported = new ArrayList<>();
        newResolver(target).start(new NameResolver.Listener() {
            @Override
            public void onEndpoints(List<Endpoint> endpoints) {
                reported.addAll(endpoints);
            }

            @Override
            public void onError(Status status) {
                throw new AssertionError(status);
            }
        });
        assertThat(reported).hasSize(1);
        assertThat(reported.get(0).addresses()).hasSize(1);
        return reported.get(0).addresses().get(0);
    }

    private static void assertRefused(String text, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> newResolver(parse(text)))
                .withMessage(message);
    }
}
