package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.testing.integration.EmptyProtos.Empty;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.transport.proxy.ProxyRules;
import io.peregrine.transport.proxy.ProxyServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** PX-1 to PX-6: calls through proxies to a server of grpc-java. */
class ProxyIT {
    private static final MethodDescriptor<Empty, Empty> EMPTY_CALL = MethodDescriptor.unary(
            "grpc.testing.TestService/EmptyCall",
            Marshallers.protobuf(Empty.parser()),
            Marshallers.protobuf(Empty.parser()));
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));

    enum Kind {
        HTTP {
            @Override
            TestProxy start(boolean login) {
                return TestProxy.http(login);
            }

            @Override
            ProxyServer describe(TestProxy proxy) {
                return proxy.asHttp();
            }
        },
        SOCKS5 {
            @Override
            TestProxy start(boolean login) {
                return TestProxy.socks5(login);
            }

            @Override
            ProxyServer describe(TestProxy proxy) {
                return proxy.asSocks5();
            }
        };

        abstract TestProxy start(boolean login);

        abstract ProxyServer describe(TestProxy proxy);
    }

    /** The proxy alone can tell where greeter.test is, and its certificate would not be good for the server's name. */
    @ParameterizedTest
    @CsvSource({
        "HTTP, false, false", "HTTP, true, false", "HTTP, false, true", "HTTP, true, true",
        "SOCKS5, false, false", "SOCKS5, true, false", "SOCKS5, false, true", "SOCKS5, true, true"
    })
    void px2TheNameGoesToTheProxyAndOneTunnelCarriesAllCalls(Kind kind, boolean login, boolean tls) throws Exception {
        try (TestProxy proxy = kind.start(login);
                InteropServer server = tls ? InteropServer.tls() : InteropServer.plaintext()) {
            String name = tls ? InteropServer.HOST : "greeter.test";
            try (ClientConn conn = ClientConn.builder("dns:///" + name + ':' + server.port())
                    .credentials(credentials(server, tls))
                    .proxy(kind.describe(proxy))
                    .build()) {
                call(conn);
                call(conn);
            }

            assertThat(proxy.asked()).containsExactly(name + ':' + server.port());
            proxy.awaitNoConnections();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void px3AddressesOfOtherResolversGoThroughTheProxyAsTheyAre(Kind kind) throws Exception {
        try (TestProxy proxy = kind.start(false);
                InteropServer server = InteropServer.plaintext()) {
            try (ClientConn conn = ClientConn.builder("fixed:///anything")
                    .resolver(new FixedResolver(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port())))
                    .credentials(InsecureCredentials.create())
                    .proxy(kind.describe(proxy))
                    .build()) {
                call(conn);
            }

            String prefix = kind == Kind.SOCKS5 ? "address " : "";
            assertThat(proxy.asked()).containsExactly(prefix + "127.0.0.1:" + server.port());
        }
    }

    /** Both ways in which the name of a proxy is looked up: by the resolver, and when a connection is made. */
    @ParameterizedTest
    @ValueSource(strings = {"dns", "passthrough"})
    void theProxyItselfIsLookedUp(String scheme) throws Exception {
        try (TestProxy proxy = TestProxy.http(false);
                InteropServer server = InteropServer.plaintext();
                ClientConn conn = ClientConn.builder(scheme + ":///greeter.test:" + server.port())
                        .credentials(InsecureCredentials.create())
                        .proxy(ProxyServer.httpConnect("localhost", proxy.port()))
                        .build()) {
            call(conn);

            assertThat(proxy.asked()).containsExactly("greeter.test:" + server.port());
        }
    }

    @ParameterizedTest
    @CsvSource({"greeter.test, 1", "localhost, 0", "127.0.0.1, 0"})
    void px1TheEnvironmentsProxyIsForAllButLoopback(String host, int tunnels) throws Exception {
        try (TestProxy proxy = TestProxy.http(true);
                InteropServer server = InteropServer.plaintext();
                ClientConn conn = ClientConn.builder(host + ':' + server.port())
                        .credentials(InsecureCredentials.create())
                        .proxy(ProxyRules.fromEnvironment(Map.of(
                                "HTTPS_PROXY", "http://ana:s3cret@127.0.0.1:" + proxy.port(), "NO_PROXY", ".other")))
                        .build()) {
            call(conn);

            assertThat(proxy.asked()).hasSize(tunnels);
        }
    }

    @Test
    void exceptionsAreReachedDirectly() throws Exception {
        try (TestProxy proxy = TestProxy.http(false);
                InteropServer server = InteropServer.plaintext();
                ClientConn conn = ClientConn.builder("passthrough:///127.0.0.1:" + server.port())
                        .credentials(InsecureCredentials.create())
                        .proxy(ProxyRules.except(proxy.asHttp(), "127.0.0.0/8"))
                        .build()) {
            call(conn);

            assertThat(proxy.asked()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aProxyThatAnswersLateHoldsTheCallAndNothingElse(boolean tls) throws Exception {
        try (TestProxy proxy = TestProxy.late();
                InteropServer server = tls ? InteropServer.tls() : InteropServer.plaintext();
                ClientConn conn = ClientConn.builder("localhost:" + server.port())
                        .credentials(credentials(server, tls))
                        .proxy(proxy.asHttp())
                        .build()) {
            CompletableFuture<Empty> reply = conn.invokeFuture(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS);

            proxy.answerHeld(() -> assertThat(reply).isNotDone());

            assertThat(reply.get(20, TimeUnit.SECONDS)).isEqualTo(Empty.getDefaultInstance());
        }
    }

    /** PX-4: the server's SETTINGS come in the segment of the proxy's answer. */
    @Test
    void px4BytesBehindTheAnswerReachTheConnection() throws Exception {
        String emptySettings = "\0\0\0\4\0\0\0\0\0";
        try (TestProxy proxy = TestProxy.answering("HTTP/1.1 200 OK\r\n\r\n" + emptySettings, false);
                ClientConn conn = ClientConn.builder("greeter.test:1")
                        .credentials(InsecureCredentials.create())
                        .proxy(proxy.asHttp())
                        .build()) {
            conn.connect();

            assertThat(conn.stateChangedFrom(ConnectivityState.IDLE)).succeedsWithin(Duration.ofSeconds(20));
            assertThat(conn.stateChangedFrom(ConnectivityState.CONNECTING))
                    .succeedsWithin(Duration.ofSeconds(20))
                    .isEqualTo(ConnectivityState.READY);
        }
    }

    private static void call(ClientConn conn) {
        assertThat(conn.invoke(EMPTY_CALL, Empty.getDefaultInstance(), OPTIONS)).isEqualTo(Empty.getDefaultInstance());
    }

    private static ChannelCredentials credentials(InteropServer server, boolean tls) {
        return tls ? TlsCredentials.builder().trust(server.certificatePem()).build() : InsecureCredentials.create();
    }

    /** Reports one address. */
    private record FixedResolver(InetSocketAddress address) implements NameResolverProvider {
        @Override
        public String scheme() {
            return "fixed";
        }

        @Override
        public NameResolver newResolver(Target target, ResolverContext context) {
            return new NameResolver() {
                @Override
                public void start(Listener listener) {
                    listener.onEndpoints(List.of(Endpoint.of(address)));
                }

                @Override
                public void resolveNow() {
                    // The address never changes.
                }

                @Override
                public void close() {
                    // Holds nothing.
                }
            };
        }
    }
}
