package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpServer;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.ManualResolver;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.client.resolver.dns.DnsOptions;
import io.peregrine.client.resolver.dns.DnsResolverProvider;
import io.peregrine.testkit.Guide;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The snippets of docs/guides/name-resolution.md, run against a grpc-java server and an HTTP registry. */
class NameResolutionGuideIT {
    private static final int MOST_LINES_OF_A_RESOLVER = 50;
    private static final byte[] REQUEST = {1, 2, 3};
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));

    private GatedServer server;
    private HttpServer registry;
    private volatile String answer = "";

    @BeforeEach
    void start() throws Exception {
        server = GatedServer.start();
        registry = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        registry.createContext("/orders", exchange -> {
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        registry.start();
    }

    @AfterEach
    void stop() throws Exception {
        registry.stop(0);
        server.close();
    }

    @Test
    void dnsOptions() {
        DnsOptions options = DnsOptions.builder()
                .honourTtl(true)
                .minInterval(Duration.ofSeconds(5))
                .refreshInterval(Duration.ofMinutes(1))
                .build();
        ClientConn conn = ClientConn.builder("dns:///orders.internal:443")
                .credentials(TlsCredentials.create())
                .resolver(new DnsResolverProvider(options))
                .build();

        assertThat(options.systemResolver()).isFalse();
        conn.close();
    }

    @Test
    void manualResolver() {
        InetSocketAddress found = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());

        ManualResolver orders = new ManualResolver("manual");
        ClientConn conn = ClientConn.builder("manual:///orders")
                .credentials(InsecureCredentials.create())
                .resolver(orders)
                .build();
        orders.addresses(found);

        assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
        conn.close();
    }

    static final class RegistryResolverProvider implements NameResolverProvider {
        private final HttpClient http = HttpClient.newHttpClient();

        @Override
        public String scheme() {
            return "registry";
        }

        @Override
        public NameResolver newResolver(Target target, ResolverContext context) {
            URI service = URI.create("http://" + target.authority() + '/' + target.endpoint());
            return new Polling(HttpRequest.newBuilder(service).build(), context);
        }

        private final class Polling implements NameResolver {
            private final HttpRequest request;
            private final ResolverContext context;
            private volatile boolean closed;

            Polling(HttpRequest request, ResolverContext context) {
                this.request = request;
                this.context = context;
            }

            @Override
            public void start(Listener listener) {
                if (closed) {
                    return;
                }
                Executor inASecond = CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS, context.timer());
                CompletableFuture<?> unused = http.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                        .thenAccept(response -> listener.onEndpoints(endpoints(response.body())))
                        .exceptionally(failure -> {
                            listener.onError(new Status(StatusCode.UNAVAILABLE, "registry: " + failure, failure));
                            return null;
                        })
                        .thenRunAsync(() -> start(listener), inASecond);
            }

            private List<Endpoint> endpoints(String lines) {
                return lines.lines()
                        .map(line -> HostPort.parse(line, context.defaultPort()))
                        .map(at -> InetSocketAddress.createUnresolved(at.host(), at.port()))
                        .map(Endpoint::of)
                        .toList();
            }

            @Override
            public void resolveNow() {} // Asks each second anyway.

            @Override
            public void close() {
                closed = true;
            }
        }
    }

    @Test
    void aResolverOfOnesOwn() {
        answer = "127.0.0.1:" + server.port() + '\n';
        String at = "127.0.0.1:" + registry.getAddress().getPort();

        ClientConn conn = ClientConn.builder("registry://" + at + "/orders")
                .credentials(InsecureCredentials.create())
                .resolver(new RegistryResolverProvider())
                .build();

        assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
        conn.close();
    }

    @Test
    void aResolverOfOnesOwnTellsWhatIsMalformedAndRecovers() {
        answer = "127.0.0.1:http";
        String at = "127.0.0.1:" + registry.getAddress().getPort();
        try (ClientConn conn = ClientConn.builder("registry://" + at + "/orders")
                .credentials(InsecureCredentials.create())
                .resolver(new RegistryResolverProvider())
                .build()) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(ECHO, REQUEST, OPTIONS))
                    .withMessageContaining("port: \"http\" in \"127.0.0.1:http\"");

            answer = "127.0.0.1:" + server.port() + '\n';

            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS.withWaitForReady(true)))
                    .isEqualTo(REQUEST);
        }
    }

    @Test
    void theGuideShowsWhatRunsHere() {
        List<String> source = Guide.sourceOf(NameResolutionGuideIT.class);
        List<String> shown = Guide.named("name-resolution.md").snippets("java");

        assertThat(shown).hasSize(4);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
        List<String> resolver = shown.stream()
                .filter(snippet -> snippet.contains("implements NameResolver"))
                .flatMap(String::lines)
                .filter(line -> !line.isBlank())
                .toList();
        assertThat(resolver).hasSizeBetween(1, MOST_LINES_OF_A_RESOLVER);
    }
}
