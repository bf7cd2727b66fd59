package io.peregrine.transport.tls;

import static io.peregrine.transport.tls.TestPki.HOST;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.ClientAuth;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** New connections use what the files hold when they begin; nothing is restarted (SPEC CR-6). */
final class TlsReloadIT {
    private final TlsClient client = new TlsClient();
    private final AtomicLong nowNs = new AtomicLong();
    private final Queue<Thread> readers = new ConcurrentLinkedQueue<>();

    @TempDir
    private Path folder;

    private TestPki pki;
    private Path trust;
    private Path identity;

    @BeforeEach
    void writeFiles() throws Exception {
        pki = new TestPki();
        trust = Files.write(folder.resolve("ca.pem"), pki.authorityPem());
        identity = folder.resolve("client.pem");
        writeIdentity("first");
    }

    @AfterEach
    void closeClient() {
        client.close();
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsProvider.class,
            names = {"BORINGSSL", "JDK"})
    void theNextConnectionPresentsTheNewCertificate(TlsProvider provider) throws Throwable {
        ClientTls tls = tls(provider);
        List<String> subjects = new ArrayList<>();
        try (LoopbackPeer server = LoopbackPeer.tls(TlsServers.h2(pki.issueServer())
                .clientAuth(ClientAuth.REQUIRE)
                .trustManager(pki.recordingTrustManager(subjects::add))
                .build())) {
            client.connect(tls, HOST, server.port());
            writeIdentity("second");
            passInterval();
            client.connect(tls, HOST, server.port());
            Files.writeString(identity, "half a fi");
            passInterval();
            client.connect(tls, HOST, server.port());
        }

        // The third resumed the session of the second, since what is broken changes nothing.
        assertThat(subjects).containsExactly("CN=first", "CN=second");
        assertThat(readers).hasSize(2).allMatch(thread -> !thread.getName().startsWith("peregrine"));
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsProvider.class,
            names = {"BORINGSSL", "JDK"})
    void theNextConnectionDoesNotResumeASessionOfATrustThatIsNoMore(TlsProvider provider) throws Throwable {
        ClientTls tls = tls(provider);
        try (LoopbackPeer server =
                LoopbackPeer.tls(TlsServers.h2(pki.issueServer()).build())) {
            client.connect(tls, HOST, server.port());
            Files.write(trust, TestPki.foreign().authorityPem());
            passInterval();

            assertThat(client.describeFailure(tls, HOST, server.port())).contains("from an unknown issuer");
        }
    }

    private ClientTls tls(TlsProvider provider) {
        return ClientTls.builder()
                .provider(provider)
                .trust(trust)
                .identity(identity)
                .reloadInterval(Duration.ofSeconds(10))
                .reloadsBy(
                        nowNs::get,
                        check -> ForkJoinPool.commonPool().execute(() -> {
                            readers.add(Thread.currentThread());
                            check.run();
                        }))
                .build();
    }

    private void passInterval() {
        nowNs.addAndGet(Duration.ofSeconds(10).toNanos());
    }

    private void writeIdentity(String name) throws Exception {
        X509Bundle bundle = pki.issue(
                new CertificateBuilder().ecp256().subject("CN=" + name).addExtendedKeyUsageClientAuth());
        Files.writeString(identity, bundle.getCertificatePathPEM() + "\n" + bundle.getPrivateKeyPEM());
    }
}
