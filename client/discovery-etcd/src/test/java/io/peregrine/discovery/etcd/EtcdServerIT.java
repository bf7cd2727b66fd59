package io.peregrine.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.client.resolver.registry.Reports;
import io.peregrine.testkit.RecordedLog;
import io.peregrine.testkit.VirtualTimer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against etcd itself, where there is one; skipped elsewhere. */
class EtcdServerIT {
    private final VirtualTimer timer = new VirtualTimer();
    private final Reports reports = new Reports();
    private final RecordedLog log = new RecordedLog(EtcdResolver.class);
    private Path binary = Path.of("etcd");
    private @Nullable NameResolver resolver;

    @TempDir
    private Path directory;

    @BeforeEach
    void findEtcd() {
        Optional<Path> found = EtcdProcess.binary();
        assumeTrue(found.isPresent(), "no etcd on the PATH, and none named by -Dperegrine.etcd");
        binary = found.orElseThrow();
    }

    @AfterEach
    void close() {
        if (resolver != null) {
            resolver.close();
        }
        log.close();
    }

    @Test
    void instancesComeAndGoWithTheirKeysAndLeases() throws Exception {
        try (EtcdProcess etcd = new EtcdProcess(binary, directory)) {
            etcd.put("services/greeter/a", "127.0.0.1:1");
            etcd.put("services/greeter2/x", "127.0.0.1:9");
            start(EtcdResolverProvider.builder(), etcd);
            assertThat(reports.next()).isEqualTo(endpoints(1));

            etcd.put("services/greeter/b", "{\"Op\":0,\"Addr\":\"127.0.0.1:2\",\"Metadata\":null}");
            assertThat(reports.next()).isEqualTo(endpoints(1, 2));
            etcd.putWithLease("services/greeter/c", "127.0.0.1:3", 1);
            assertThat(reports.next()).isEqualTo(endpoints(1, 2, 3));
            etcd.delete("services/greeter/a");
            assertThat(reports.next()).isEqualTo(endpoints(2, 3));
            assertThat(reports.next()).isEqualTo(endpoints(2));
            assertThat(log.lines()).isEmpty();
        }
    }

    @Test
    void rs2WhatChangesWhileEtcdIsAwayIsSeenAfterwards() throws Exception {
        try (EtcdProcess etcd = new EtcdProcess(binary, directory)) {
            etcd.put("services/greeter/a", "127.0.0.1:1");
            start(EtcdResolverProvider.builder(), etcd);
            assertThat(reports.next()).isEqualTo(endpoints(1));
            etcd.put("services/greeter/b", "127.0.0.1:2");
            assertThat(reports.next()).isEqualTo(endpoints(1, 2));

            etcd.kill();
            assertThat(reports.nextError()).contains("the watch was lost: ");
            etcd.start();
            etcd.delete("services/greeter/a");
            timer.advanceToTask(Duration.ofMillis(800), Duration.ofMillis(1200));
            assertThat(reports.next()).isEqualTo(endpoints(2));
            assertThat(log.lines()).hasSize(2);
        }
    }

    @Test
    void aClusterThatLostItsDataIsBelievedTheSecondTime() throws Exception {
        try (EtcdProcess etcd = new EtcdProcess(binary, directory)) {
            for (int i = 0; i < 5; i++) {
                etcd.put("services/greeter/a", "127.0.0.1:1");
            }
            start(EtcdResolverProvider.builder(), etcd);
            assertThat(reports.next()).isEqualTo(endpoints(1));

            etcd.kill();
            assertThat(reports.nextError()).contains("the watch was lost: ");
            deleteData();
            etcd.start();
            timer.advanceToTask(Duration.ofMillis(800), Duration.ofMillis(1200));
            assertThat(reports.nextError()).endsWith("its revision went back from 6 to 1");
            timer.advanceToTask(Duration.ofMillis(1280), Duration.ofMillis(1920));
            assertThat(reports.next()).isEqualTo(List.of());
        }
    }

    @Test
    void aUserLogsIn() throws Exception {
        try (EtcdProcess etcd = new EtcdProcess(binary, directory)) {
            etcd.put("services/greeter/a", "127.0.0.1:1");
            etcd.post("auth/user/add", "{\"name\":\"root\",\"password\":\"secret\"}");
            etcd.post("auth/role/add", "{\"name\":\"root\"}");
            etcd.post("auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
            etcd.post("auth/enable", "{}");

            start(EtcdResolverProvider.builder().user("root", "wrong"), etcd);
            assertThat(reports.nextError()).contains("authentication failed").doesNotContain("wrong");
            stop();
            start(EtcdResolverProvider.builder(), etcd);
            assertThat(reports.nextError()).contains("KV/Range: INVALID_ARGUMENT: etcdserver: user name is empty");
            stop();
            start(EtcdResolverProvider.builder().user("root", "secret"), etcd);
            assertThat(reports.next()).isEqualTo(endpoints(1));
        }
    }

    @Test
    void etcdIsAskedByTls() throws Exception {
        X509Bundle bundle = new CertificateBuilder()
                .subject("CN=etcd")
                .setIsCertificateAuthority(true)
                .addSanIpAddress("127.0.0.1")
                .buildSelfSigned();
        Path certificate = directory.resolve("cert.pem");
        Path key = directory.resolve("key.pem");
        Files.writeString(certificate, bundle.getCertificatePEM());
        Files.writeString(key, bundle.getPrivateKeyPEM());
        try (EtcdProcess etcd = new EtcdProcess(binary, directory, "--cert-file=" + certificate, "--key-file=" + key)) {
            TlsCredentials tls = TlsCredentials.builder()
                    .trust(bundle.getCertificatePEM().getBytes(StandardCharsets.US_ASCII))
                    .build();
            start(EtcdResolverProvider.builder().credentials(tls), etcd);

            Object report = reports.next();
            while (!report.equals(List.of())) {
                // It may not listen yet.
                timer.advanceToTask(Duration.ofMillis(800), Duration.ofMinutes(3));
                report = reports.next();
            }
            assertThat(report).isEqualTo(List.of());
        }
    }

    private void start(EtcdResolverProvider.Builder provider, EtcdProcess etcd) {
        ResolverContext context =
                new ResolverContext(80, timer, new EmbeddedChannel().eventLoop(), timer::nanoTime, true);
        NameResolver made =
                provider.build().newResolver(new Target("etcd", etcd.address(), "services/greeter"), context);
        resolver = made;
        made.start(reports);
    }

    private void stop() {
        Objects.requireNonNull(resolver).close();
    }

    private void deleteData() throws Exception {
        try (Stream<Path> files = Files.walk(directory.resolve("data"))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static List<Endpoint> endpoints(int... ports) {
        return Arrays.stream(ports)
                .mapToObj(port -> Endpoint.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)))
                .toList();
    }
}
