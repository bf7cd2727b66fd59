package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.credentials.BearerToken;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.transport.io.EventLoops;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** CH-1: what is wrong is said by one sentence when the channel is built, and no I/O is done. */
class ClientConnBuilderTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|target: \"\" (expected: [scheme:///]host:port)",
                "two words|target: \"two words\" cannot be parsed (expected: [scheme:///]host:port)",
                "xds:///a|target: \"xds:///a\" has the unknown scheme \"xds\" (expected one of: [dns, installed, ipv4,"
                        + " ipv6, passthrough, static, unix, unix-abstract])",
                "a:70000|port: \"70000\" in \"a:70000\" (expected: 1..65535)",
                "dns:///a:0|port: \"0\" in \"a:0\" (expected: 1..65535)",
                "dns:///a:|port: \"\" in \"a:\" (expected: 1..65535)",
                "passthrough:///a:x|port: \"x\" in \"a:x\" (expected: 1..65535)",
                "[::1|address: \"[::1\" (expected: host:port or [ipv6]:port)",
                "dns:///user@host:1|address: \"user@host:1\" (expected: host:port or [ipv6]:port)"
            })
    void ch1RefusesATargetThatIsNone(String target, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> build(target, it -> it))
                .withMessage(message);
    }

    @Test
    void dn3RefusesANameServerThatIsMalformed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> build("dns://8.8.8.8:0/greeter:443", it -> it))
                .withMessage("port: \"0\" in \"8.8.8.8:0\" (expected: 1..65535)");
    }

    @Test
    void ch1RefusesToGuessCredentials() {
        assertThatIllegalStateException()
                .isThrownBy(() -> ClientConn.builder("greeter:443").build())
                .withMessageStartingWith("no credentials for \"greeter:443\" (expected: ");
    }

    @Test
    void ch1RefusesPlaintextForCredentialsThatMustNotGoOverIt() {
        BearerToken secret = BearerToken.of("s3cr3t-marker");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> build(
                        "a:1", it -> it.credentials(InsecureCredentials.create().withCallCredentials(secret))))
                .withMessage("call credentials: BearerToken[allowsPlaintext=false] on the plaintext channel to"
                        + " \"dns:///a:1\" (expected: TlsCredentials, or ones that allow plaintext)");
    }

    @Test
    void ch1RefusesAnAuthorityThatIsNone() {
        assertThatIllegalArgumentException().isThrownBy(() -> build("a:1", it -> it.authority("")));
        assertThatIllegalArgumentException().isThrownBy(() -> build("a:1", it -> it.authority("a b")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> build("a:1", it -> it.authority("b:99999")))
                .withMessageContaining("99999");
    }

    @Test
    void ch1RefusesAnApplicationNameThatIsNoHeader() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> build("a:1", it -> it.applicationName("a\r\nx: y")))
                .withMessageContaining("user agent");
    }

    @Test
    void ch1RefusesLimitsOutOfRange() {
        ClientConnBuilder builder = ClientConn.builder("a:1");

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maxInboundMessageBytes(-1))
                .withMessage("max inbound message bytes: -1 (expected: at least 0)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maxOutboundMessageBytes(-1))
                .withMessage("max outbound message bytes: -1 (expected: at least 0)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.maxWaitingCalls(0))
                .withMessage("max waiting calls: 0 (expected: at least 1)");
    }

    @Test
    void id1RefusesANegativeTimeout() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> build("a:1", it -> it.idleTimeout(Duration.ofSeconds(-1))))
                .withMessage("idle timeout: PT-1S (expected: zero or more)");
    }

    @Test
    void ch1RefusesEventLoopsThatAreClosed() {
        EventLoops closed = EventLoops.create(1);
        closed.close();

        assertThatIllegalStateException().isThrownBy(() -> build("a:1", it -> it.eventLoops(closed)));
    }

    @Test
    void refusesACertificateFileThatIsMissingOrNotPem(@TempDir Path folder) throws Exception {
        Path missing = folder.resolve("ca.pem");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TlsCredentials.builder().trust(missing).build())
                .withMessageContaining(missing.toString());

        Path text = Files.write(folder.resolve("text.pem"), "hello".getBytes(StandardCharsets.US_ASCII));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TlsCredentials.builder().trust(text).build())
                .withMessageContaining(text.toString());
    }

    @Test
    void aRefusedBuildLeavesNoEventLoopsBehind() throws Exception {
        EventLoops before = EventLoops.shared();
        assertThatIllegalArgumentException().isThrownBy(() -> build("dns://8.8.8.8:0/greeter", it -> it));

        CompletableFuture<Void> ended = before.closeFuture().toCompletableFuture();
        before.close();

        ended.get(10, java.util.concurrent.TimeUnit.SECONDS);
    }

    @Test
    void ch1ANewChannelIsIdleAndHasResolvedNothing() throws Exception {
        try (ClientConn conn = build("nowhere.invalid", it -> it)) {
            assertThat(conn.state()).isEqualTo(ConnectivityState.IDLE);
            assertThat(conn.target()).isEqualTo("dns:///nowhere.invalid");
            assertThat(conn).hasToString("ClientConn[dns:///nowhere.invalid, IDLE]");

            conn.shutdown();
            assertThat(conn.awaitTermination(Duration.ofSeconds(10))).isTrue();
            assertThat(conn.state()).isEqualTo(ConnectivityState.SHUTDOWN);
        }
    }

    @Test
    void ch1RefusesADefaultServiceConfigThatIsWrong() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> build("a:1", it -> it.serviceConfigJson("{\"methodConfig\": 1}")))
                .withMessage("$.methodConfig: 1 (expected: a list)");
    }

    @Test
    void sv8APolicyOfTheChannelMayBeNamedByItsServiceConfig() {
        LoadBalancerProvider provider = new LoadBalancerProvider() {
            @Override
            public String name() {
                return "mine";
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return PickFirst.policy();
            }
        };
        String json = "{\"loadBalancingConfig\": [{\"mine\": {}}]}";

        build("a:1", it -> it.serviceConfigJson(json).loadBalancer(provider)).close();
        assertThatIllegalArgumentException().isThrownBy(() -> build("a:1", it -> it.serviceConfigJson(json)));
    }

    @Test
    void sv14TheLastFormOfTheDefaultServiceConfigCounts() {
        build("a:1", it -> it.serviceConfigJson("wrong").serviceConfig(ServiceConfig.EMPTY))
                .close();
    }

    private static ClientConn build(String target, UnaryOperator<ClientConnBuilder> settings) {
        return settings.apply(ClientConn.builder(target).credentials(InsecureCredentials.create()))
                .build();
    }
}
