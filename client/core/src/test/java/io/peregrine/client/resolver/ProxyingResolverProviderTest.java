package io.peregrine.client.resolver;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalAddress;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.resolver.dns.DnsOptions;
import io.peregrine.client.resolver.dns.DnsResolverProvider;
import io.peregrine.transport.proxy.ProxiedAddress;
import io.peregrine.transport.proxy.ProxyRules;
import io.peregrine.transport.proxy.ProxyServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** PX-2 and PX-3: what resolvers report when there is a proxy. The proxy is an IP literal, so nothing is looked up. */
class ProxyingResolverProviderTest {
    private static final ProxyServer PROXY = ProxyServer.httpConnect("10.0.0.1", 3128);
    private static final ProxyRules RULES = ProxyRules.except(PROXY, "192.0.2.0/24");
    private static final int DEFAULT_PORT = 443;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<Object> reported = new ArrayList<>();

    @AfterEach
    void stopTheTimer() {
        timer.shutdownNow();
    }

    @Test
    void px2TheProxysAddressIsPairedWithTheTargetsName() throws Exception {
        start(new DnsResolverProvider(), "dns:///greeter.test");

        ProxiedAddress expected = new ProxiedAddress(
                PROXY,
                new InetSocketAddress(InetAddress.getByName("10.0.0.1"), 3128),
                InetSocketAddress.createUnresolved("greeter.test", DEFAULT_PORT));
        assertThat(reported).containsExactly(List.of(Endpoint.of(expected)));
    }

    @Test
    void px2ATargetWithoutProxyIsResolvedAsEver() throws Exception {
        start(new DnsResolverProvider(), "dns:///192.0.2.7:50051");

        InetSocketAddress expected = new InetSocketAddress(InetAddress.getByName("192.0.2.7"), 50051);
        assertThat(reported).containsExactly(List.of(Endpoint.of(expected)));
    }

    @Test
    void px3TcpAddressesGoThroughTheProxyAndOthersDoNot() throws Exception {
        InetSocketAddress tcp = new InetSocketAddress(InetAddress.getByName("198.51.100.1"), 1);
        InetSocketAddress excepted = new InetSocketAddress(InetAddress.getByName("192.0.2.7"), 2);
        LocalAddress noTcp = new LocalAddress("pipe");

        start(reporting(tcp, excepted, noTcp), "fixed:///anything");

        assertThat(reported)
                .containsExactly(List.of(new Endpoint(List.of(ProxiedAddress.of(PROXY, tcp), excepted, noTcp))));
    }

    /** The JDK's selector is asked by nobody: a proxy comes from the environment or from code. */
    @Test
    void px5TheProxyOfTheJdkIsNotTaken() {
        ProxySelector before = ProxySelector.getDefault();
        ProxySelector.setDefault(ProxySelector.of(new InetSocketAddress("10.0.0.9", 3128)));
        try {
            assertThat(ProxyRules.fromEnvironment(Map.of()).isEmpty()).isTrue();
        } finally {
            ProxySelector.setDefault(before);
        }
    }

    @Test
    void px3EndpointsKeepTheirAttributes() throws Exception {
        Endpoint weighted = Endpoint.of(new InetSocketAddress(InetAddress.getByName("198.51.100.1"), 1))
                .with(Endpoint.WEIGHT, 7);

        start(resolving(Resolution.of(List.of(weighted))), "fixed:///anything");

        assertThat(reported)
                .singleElement()
                .isEqualTo(List.of(new Endpoint(
                        List.of(ProxiedAddress.of(
                                PROXY, (InetSocketAddress) weighted.addresses().get(0))),
                        weighted.attributes())));
    }

    @Test
    void px3HintsAndRetriesReachTheResolverBehindTheProxy() {
        ManualResolver manual = new ManualResolver("fixed");
        Target target = Target.parse(
                "fixed:///anything", "dns", NameResolverRegistry.standard().with(manual));
        NameResolver resolver = new ProxyingResolverProvider(manual, RULES).newResolver(target, context());

        resolver.resolveNow();
        resolver.retry();

        assertThat(manual.resolveNowCount()).isEqualTo(1);
        assertThat(manual.retryCount()).isEqualTo(1);
    }

    @Test
    void px2NamesOfSrvRecordsAreResolvedHereAndTheirAddressesGoThroughTheProxy() {
        DnsResolverProvider srv =
                new DnsResolverProvider(DnsOptions.builder().srv(true).build());

        assertThat(new ProxyingResolverProvider(srv, RULES).leavesNamesToProxies())
                .isFalse();
        assertThat(new ProxyingResolverProvider(new DnsResolverProvider(), RULES).leavesNamesToProxies())
                .isTrue();
    }

    @Test
    void aHostThatNoProxyCanBeToldIsAnError() {
        start(reporting(InetSocketAddress.createUnresolved("a b", 1)), "fixed:///anything");

        assertThat(reported).singleElement().isInstanceOfSatisfying(Status.class, status -> {
            assertThat(status.code()).isEqualTo(StatusCode.UNAVAILABLE);
            assertThat(status.message()).startsWith("no way through the proxy: target host: \"a b\"");
        });
    }

    @Test
    void sv10TheServiceConfigOfTheResolverComesThrough() throws Exception {
        InetSocketAddress tcp = new InetSocketAddress(InetAddress.getByName("198.51.100.1"), 1);
        ServiceConfigSource config = ServiceConfigSource.of(ServiceConfig.EMPTY);

        start(
                resolving(Resolution.of(List.of(Endpoint.of(tcp))).withServiceConfig(config)),
                "fixed:///anything",
                new NameResolver.Listener() {
                    @Override
                    public void onEndpoints(List<Endpoint> endpoints) {
                        throw new AssertionError("endpoints alone: " + endpoints);
                    }

                    @Override
                    public void onResolution(Resolution resolution) {
                        reported.add(resolution);
                    }

                    @Override
                    public void onError(Status status) {
                        throw new AssertionError(status);
                    }
                });

        assertThat(reported)
                .containsExactly(new Resolution(List.of(Endpoint.of(ProxiedAddress.of(PROXY, tcp))), config, null));
    }

    private void start(NameResolverProvider direct, String target) {
        start(direct, target, new NameResolver.Listener() {
            @Override
            public void onEndpoints(List<Endpoint> endpoints) {
                reported.add(endpoints);
            }

            @Override
            public void onError(Status status) {
                reported.add(status);
            }
        });
    }

    private void start(NameResolverProvider direct, String target, NameResolver.Listener listener) {
        ProxyingResolverProvider provider = new ProxyingResolverProvider(direct, RULES);
        Target parsed =
                Target.parse(target, "dns", NameResolverRegistry.standard().with(direct));
        assertThat(provider.scheme()).isEqualTo(direct.scheme());
        assertThat(provider.authority(parsed)).isEqualTo(direct.authority(parsed));
        provider.newResolver(parsed, context()).start(listener);
    }

    private ResolverContext context() {
        return new ResolverContext(DEFAULT_PORT, timer, new EmbeddedChannel().eventLoop(), System::nanoTime, true);
    }

    private static NameResolverProvider reporting(SocketAddress... addresses) {
        return resolving(Resolution.of(List.of(new Endpoint(List.of(addresses)))));
    }

    private static NameResolverProvider resolving(Resolution resolution) {
        return new NameResolverProvider() {
            @Override
            public String scheme() {
                return "fixed";
            }

            @Override
            public NameResolver newResolver(Target target, ResolverContext context) {
                return new NameResolver() {
                    @Override
                    public void start(Listener listener) {
                        listener.onResolution(resolution);
                    }

                    @Override
                    public void resolveNow() {
                        // The addresses never change.
                    }

                    @Override
                    public void close() {
                        // Holds nothing.
                    }
                };
            }
        };
    }
}
