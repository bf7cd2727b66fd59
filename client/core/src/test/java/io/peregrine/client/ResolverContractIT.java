package io.peregrine.client;

import static io.peregrine.client.GatedServer.ECHO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.ManualResolver;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** RS-1 to RS-6 and TG-1 to TG-6 as a channel keeps them, against a grpc-java server. */
class ResolverContractIT {
    private static final byte[] REQUEST = {1, 2, 3};
    private static final CallOptions OPTIONS = CallOptions.deadlineAfter(Duration.ofSeconds(30));

    private final ManualResolver manual = new ManualResolver("manual");
    private GatedServer server;

    @BeforeEach
    void start() throws Exception {
        server = GatedServer.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void rs2AnErrorKeepsTheEndpointsBefore() {
        try (ClientConn conn = builder("manual:///any").resolver(manual).build()) {
            manual.addresses(serverAddress());
            conn.invoke(ECHO, REQUEST, OPTIONS);

            manual.error(Status.of(StatusCode.UNAVAILABLE, "the registry is down"));

            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
            assertThat(conn.state()).isEqualTo(ConnectivityState.READY);
        }
    }

    @Test
    void rs1AndRs3NoEndpointsFailCallsAndAreAskedForAgain() throws Exception {
        CountDownLatch retried = new CountDownLatch(1);
        manual.endpoints(List.of());
        try (ClientConn conn =
                builder("manual:///any").resolver(observed(manual, retried)).build()) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(ECHO, REQUEST, OPTIONS))
                    .satisfies(failure -> assertThat(failure.status().code()).isEqualTo(StatusCode.UNAVAILABLE));

            assertThat(retried.await(20, TimeUnit.SECONDS)).isTrue();
            manual.addresses(serverAddress());

            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS.withWaitForReady(true)))
                    .isEqualTo(REQUEST);
        }
    }

    @Test
    void rs5TheServiceConfigIsHandledBeforeTheEndpoints() {
        Resolution good = Resolution.of(List.of(Endpoint.of(serverAddress())));
        manual.push(good.withServiceConfig(ServiceConfigSource.wrong("the config is written in crayon")));
        try (ClientConn conn = builder("manual:///any").resolver(manual).build()) {
            assertThatExceptionOfType(StatusException.class)
                    .isThrownBy(() -> conn.invoke(ECHO, REQUEST, OPTIONS))
                    .withMessageContaining("the config is written in crayon");

            manual.push(good);

            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
        }
    }

    @Test
    void rs6AnEndpointHasSeveralAddressesOfWhichOneIsEnough() throws Exception {
        int unused = GatedServer.unusedPort();
        List<SocketAddress> addresses = List.of(address(unused), serverAddress());
        try (ClientConn conn = builder("manual:///any").resolver(manual).build()) {
            manual.endpoints(List.of(new Endpoint(addresses)));

            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
        }
    }

    @Test
    void threeThousandAddressesThatChangeUnderCallsAreFine() {
        try (ClientConn conn = builder("manual:///any").resolver(manual).build()) {
            List<Endpoint> endpoints = new ArrayList<>();
            endpoints.add(Endpoint.of(serverAddress()));
            for (int i = 1; i < 3_000; i++) {
                endpoints.add(Endpoint.of(new InetSocketAddress("127.1." + i / 250 + '.' + i % 250, 1)));
            }
            for (int i = 0; i < 10; i++) {
                manual.endpoints(endpoints);

                assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
                Collections.rotate(endpoints.subList(1, endpoints.size()), 1);
            }
        }
    }

    @Test
    void tg1AndTg2TheSchemesOfTheConnectionCountAndTheDefaultMayBeOneOfThem() {
        manual.addresses(serverAddress());
        try (ClientConn conn =
                builder("orders").resolver(manual).defaultScheme("manual").build()) {
            assertThat(conn.target()).isEqualTo("manual:///orders");
            assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).isEqualTo(REQUEST);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder("manual:///orders").build())
                .withMessageStartingWith("target: \"manual:///orders\" has the unknown scheme \"manual\"");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder("orders").defaultScheme("manual").build())
                .withMessageStartingWith("default scheme: \"manual\" is unknown");
    }

    @Test
    void tg3AndTg4ListsOfAddressesNeedNoNameServer() {
        String port = String.valueOf(server.port());
        for (String target : List.of(
                "127.0.0.1:" + port,
                "localhost:" + port,
                "static:///localhost:" + port,
                "static:///127.0.0.1:" + port + ",127.0.0.2:1",
                "ipv4:127.0.0.1:" + port,
                "passthrough:///localhost:" + port)) {
            try (ClientConn conn = builder(target).build()) {
                assertThat(conn.invoke(ECHO, REQUEST, OPTIONS)).as(target).isEqualTo(REQUEST);
            }
        }
    }

    private InetSocketAddress serverAddress() {
        return address(server.port());
    }

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static ClientConnBuilder builder(String target) {
        return ClientConn.builder(target).credentials(InsecureCredentials.create());
    }

    /** Counts down when the channel asks again. */
    private static NameResolverProvider observed(ManualResolver manual, CountDownLatch retried) {
        return new NameResolverProvider() {
            @Override
            public String scheme() {
                return manual.scheme();
            }

            @Override
            public NameResolver newResolver(Target target, ResolverContext context) {
                NameResolver behind = manual.newResolver(target, context);
                return new NameResolver() {
                    @Override
                    public void start(Listener listener) {
                        behind.start(listener);
                    }

                    @Override
                    public void resolveNow() {
                        behind.resolveNow();
                    }

                    @Override
                    public void retry() {
                        retried.countDown();
                        behind.retry();
                    }

                    @Override
                    public void close() {
                        behind.close();
                    }
                };
            }
        };
    }
}
