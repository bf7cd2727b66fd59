package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** DN-1 to DN-11 on sockets: what a name server may answer, and what becomes of it. */
class NameServerIT {
    private static final String HOST = "greeter.test";

    private final EventLoops loops = EventLoops.create(1);
    private final RecordedResolutions reported = new RecordedResolutions();
    private ScriptedDnsServer server;
    private @Nullable NameResolver resolver;

    @BeforeEach
    void startTheServer() throws Exception {
        server = new ScriptedDnsServer();
    }

    @AfterEach
    void stop() {
        if (resolver != null) {
            resolver.close();
        }
        server.close();
        loops.close();
    }

    @Test
    void dn3AndDn4TheServerOfTheTargetIsAskedForBothFamilies() throws Exception {
        server.addresses(HOST, 60, "10.0.0.1", "fd00::1", "10.0.0.2");

        start(options().families(AddressFamilies.IPV4_FIRST));

        assertThat(reported.nextAddresses())
                .containsExactly("10.0.0.1:50051", "10.0.0.2:50051", "fd00:0:0:0:0:0:0:1:50051");
        assertThat(server.asked()).containsExactlyInAnyOrder("A " + HOST, "AAAA " + HOST);
    }

    @Test
    void dn4OneFamilyOrTheOtherFirstIfAsked() throws Exception {
        server.addresses(HOST, 60, "10.0.0.1", "fd00::1");

        start(options().families(AddressFamilies.IPV6_FIRST));
        assertThat(reported.nextAddresses()).containsExactly("fd00:0:0:0:0:0:0:1:50051", "10.0.0.1:50051");
        start(options().families(AddressFamilies.IPV4_ONLY));
        assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:50051");
        start(options().families(AddressFamilies.IPV6_ONLY));
        assertThat(reported.nextAddresses()).containsExactly("fd00:0:0:0:0:0:0:1:50051");
    }

    @Test
    void dn4AliasesAreFollowedAndTheShortestTimeToLiveCounts() throws Exception {
        server.alias("www.test", 7, HOST);
        server.addresses(HOST, 60, "10.0.0.1");
        DnsSession session = new DnsSession(
                loops.next(), List.of(server.address()), options().build());

        Answer<?> answer = session.addresses("www.test").get();

        assertThat(answer.values()).asString().isEqualTo("[www.test/10.0.0.1]");
        assertThat(Duration.ofNanos(answer.ttlNs())).isEqualTo(Duration.ofSeconds(7));
        session.close();
    }

    @Test
    void dn6ANameThatDoesNotExistHasNoAddresses() throws Exception {
        start(options());

        assertThat(reported.nextAddresses()).isEmpty();
        assertThat(reported.errors).isEmpty();
    }

    @Test
    void dn6ANameWithoutAddressRecordsHasNoAddresses() throws Exception {
        server.text(HOST, "a name, and no address");

        start(options());

        assertThat(reported.nextAddresses()).isEmpty();
    }

    @Test
    void dn6AServerThatFailsIsAnErrorAndSaysWhich() throws Exception {
        server.answers(HOST, DnsResponseCode.SERVFAIL);

        start(options());

        assertThat(reported.nextError().message())
                .startsWith("name resolution of \"greeter.test\" failed: ")
                .contains("ServFail");
        assertThat(reported.resolutions).isEmpty();
    }

    @Test
    void dn6AQuestionWithoutAnswerIsNotMistakenForANameWithoutAddresses() throws Exception {
        server.text(HOST, "no AAAA record is a fact, no answer for A is none");
        server.silent(HOST, DnsRecordType.A, Integer.MAX_VALUE);

        start(options().queryTimeout(Duration.ofMillis(100)).lookupTimeout(Duration.ofSeconds(1)));

        assertThat(reported.nextError().message()).contains("no answer from the name server " + server.authority());
        assertThat(reported.resolutions).isEmpty();
    }

    @Test
    void dn5ASilentServerIsAskedAgain() throws Exception {
        server.addresses(HOST, 60, "10.0.0.1");
        server.silent(HOST, DnsRecordType.A, 2);
        server.silent(HOST, DnsRecordType.AAAA, 2);

        start(options().queryTimeout(Duration.ofMillis(200)));

        assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:50051");
        assertThat(Collections.frequency(server.asked(), "A " + HOST)).isEqualTo(3);
        assertThat(reported.errors).isEmpty();
    }

    @Test
    void dn5ASilentServerIsGivenUpWhenTheTimeIsOver() throws Exception {
        server.silent(HOST, DnsRecordType.A, Integer.MAX_VALUE);
        server.silent(HOST, DnsRecordType.AAAA, Integer.MAX_VALUE);

        start(options().queryTimeout(Duration.ofMillis(100)).lookupTimeout(Duration.ofMillis(700)));

        assertThat(reported.nextError().message())
                .endsWith("no answer from the name server " + server.authority() + " within PT0.7S");
    }

    @Test
    void theNextServerIsAskedWhenTheFirstFails() throws Exception {
        server.answers(HOST, DnsResponseCode.REFUSED);
        try (ScriptedDnsServer second = new ScriptedDnsServer()) {
            second.addresses(HOST, 60, "10.0.0.9");

            start("", options().servers(List.of(server.address(), second.address())));

            assertThat(reported.nextAddresses()).containsExactly("10.0.0.9:50051");
        }
    }

    @Test
    void anAnswerThatIsTruncatedIsHadOverTcpWithItsThreeThousandAddresses() throws Exception {
        String[] literals = new String[3_000];
        for (int i = 0; i < literals.length; i++) {
            literals[i] = "10.1." + i / 250 + '.' + i % 250;
        }
        // A short name: the server does not compress, and an answer has 64 KiB at most.
        server.addresses("big", 60, literals);

        start(server.authority(), "big:1", options());

        assertThat(reported.nextAddresses()).hasSize(3_000);
        assertThat(server.asked()).contains("TCP A big");
    }

    @Test
    void dn11ANameThatChangesIsNoticedWhenItsTimeToLiveIsOver() throws Exception {
        server.addresses(HOST, 0, "10.0.0.1");
        start(options().honourTtl(true).minInterval(Duration.ofMillis(100)));
        assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:50051");

        server.addresses(HOST, 0, "10.0.0.2");

        List<String> seen = reported.nextAddresses();
        while (seen.size() < 2) {
            seen = reported.nextAddresses();
        }
        assertThat(seen).containsExactly("10.0.0.1:50051", "10.0.0.2:50051");
    }

    @Test
    void dn5AServerThatFlapsIsFollowed() throws Exception {
        server.answers(HOST, DnsResponseCode.SERVFAIL);
        start(options().refreshInterval(Duration.ofMillis(100)).minInterval(Duration.ofMillis(100)));
        assertThat(reported.nextError().message()).contains("ServFail");

        server.forget(HOST);
        server.addresses(HOST, 60, "10.0.0.1");
        assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:50051");
        server.answers(HOST, DnsResponseCode.SERVFAIL);

        assertThat(reported.nextError().message()).contains("ServFail");
    }

    @Test
    void dn8ATxtRecordBringsAServiceConfigIfAsked() throws Exception {
        server.addresses(HOST, 60, "10.0.0.1");
        server.text("_grpc_config." + HOST, "another record");
        server.text(
                "_grpc_config." + HOST,
                "grpc_config=[{\"clientLanguage\":[\"go\"],\"serviceConfig\":{}},"
                        + "{\"serviceConfig\":{\"connectionScaling\":{\"maxConnectionsPerSubchannel\":4},"
                        + "\"padding\":\"" + "x".repeat(300) + "\"}}]");

        start(options().serviceConfig(true));

        Resolution resolution = reported.next();
        ServiceConfigSource source = Objects.requireNonNull(resolution.serviceConfig());
        assertThat(source.parse(LoadBalancerRegistry.standard()).maxConnectionsPerSubchannel())
                .isEqualTo(4);
        assertThat(RecordedResolutions.addressesOf(resolution)).containsExactly("10.0.0.1:50051");
    }

    @Test
    void dn8TxtRecordsAreNotAskedForUnlessWanted() throws Exception {
        server.addresses(HOST, 60, "10.0.0.1");

        start(options());

        assertThat(reported.next().serviceConfig()).isNull();
        assertThat(server.asked()).noneMatch(question -> question.startsWith("TXT"));
    }

    @Test
    void dn8ATxtQuestionThatFailsFailsNothing() throws Exception {
        server.addresses(HOST, 60, "10.0.0.1");
        server.silent("_grpc_config." + HOST, DnsRecordType.TXT, Integer.MAX_VALUE);

        start(options().serviceConfig(true).queryTimeout(Duration.ofMillis(200)));

        Resolution resolution = reported.next();
        assertThat(resolution.serviceConfig()).isNull();
        assertThat(resolution.endpoints()).hasSize(1);
    }

    @Test
    void dn10SrvRecordsGiveHostsPortsOrderAndWeights() throws Exception {
        String name = "_grpc._tcp." + HOST;
        server.service(name, 20, 5, 1003, "c.test");
        server.service(name, 10, 0, 1002, "b.test");
        server.service(name, 10, 60_000, 1001, "a.test");
        server.service(name, 10, 9, 1004, "gone.test");
        server.addresses("a.test", 60, "10.0.0.1");
        server.addresses("b.test", 60, "10.0.0.2");
        server.addresses("c.test", 60, "10.0.0.3", "10.0.0.4");

        start(server.authority(), name + ":7", options().srv(true));

        Resolution resolution = reported.next();
        assertThat(RecordedResolutions.addressesOf(resolution))
                .containsExactly("10.0.0.1:1001", "10.0.0.2:1002", "10.0.0.3:1003", "10.0.0.4:1003");
        assertThat(resolution.endpoints()).extracting(Endpoint::weight).containsExactly(60_000, 1, 5, 5);
    }

    @Test
    void dn10AServiceThatDoesNotExistHasNoAddresses() throws Exception {
        start(server.authority(), "_grpc._tcp.nowhere.test", options().srv(true));

        assertThat(reported.nextAddresses()).isEmpty();
    }

    @Test
    void dn2LocalhostAndAddressesNeedNoServer() throws Exception {
        start(server.authority(), "localhost:1", options().families(AddressFamilies.IPV4_ONLY));
        assertThat(reported.nextAddresses()).containsExactly("127.0.0.1:1");
        start(server.authority(), "[::1]:2", options());
        assertThat(reported.nextAddresses()).containsExactly("0:0:0:0:0:0:0:1:2");

        assertThat(server.asked()).isEmpty();
    }

    @Test
    void aCallerDrivenChannelAsksOnALoopWithAThread() throws Exception {
        server.addresses(HOST, 60, "10.0.0.1");
        try (EventLoops driven =
                EventLoops.builder().callerDriven(true).threads(1).build()) {
            start(driven.next(), server.authority(), HOST + ":50051", options());

            assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:50051");
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void itWorksOnEveryBackendThatThisMachineHas(IoBackend backend) throws Exception {
        if (!backend.isAvailable()) {
            assertThat(backend.reason()).isNotBlank();
            return;
        }
        server.addresses(HOST, 60, "10.0.0.1");
        try (EventLoops own = EventLoops.create(backend, 1, "dns-test")) {
            assertThat(IoBackend.of(own.next())).contains(backend);
            start(own.next(), server.authority(), HOST + ":50051", options());

            assertThat(reported.nextAddresses()).containsExactly("10.0.0.1:50051");
        }
    }

    private static DnsOptions.Builder options() {
        return DnsOptions.builder();
    }

    private void start(DnsOptions.Builder options) {
        start(server.authority(), options);
    }

    private void start(String authority, DnsOptions.Builder options) {
        start(authority, HOST + ":50051", options);
    }

    private void start(String authority, String endpoint, DnsOptions.Builder options) {
        start(loops.next(), authority, endpoint, options);
    }

    private void start(EventLoop loop, String authority, String endpoint, DnsOptions.Builder options) {
        if (resolver != null) {
            resolver.close();
        }
        NameResolver made = new DnsResolverProvider(options.build())
                .newResolver(new Target("dns", authority, endpoint), ResolverContext.of(443, loop, true));
        resolver = made;
        made.start(reported);
    }
}
