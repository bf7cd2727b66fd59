package io.peregrine.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.handler.ssl.SslContext;
import io.netty.pkitesting.X509Bundle;
import io.peregrine.transport.tls.material.ClientIdentity;
import io.peregrine.transport.tls.material.Material;
import io.peregrine.transport.tls.material.MaterialSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When files are looked at and what becomes of what they hold; TlsReloadIT shows that connections use it. */
final class ReloadingContextTest {
    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final Logger LOGGER = Logger.getLogger("io.peregrine.transport.tls");

    private static X509Bundle first;
    private static X509Bundle second;

    private final Queue<Runnable> checks = new ArrayDeque<>();
    private final List<String> log = new ArrayList<>();
    private final Handler logged = new Handler() {
        @Override
        public void publish(LogRecord line) {
            log.add(line.getLevel() + " " + line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private long nowNs;

    @TempDir
    private Path folder;

    private Path chain;
    private Path key;

    @BeforeAll
    static void issueCertificates() throws Exception {
        TestPki pki = new TestPki();
        first = pki.issueClient();
        second = pki.issueClient();
    }

    @BeforeEach
    void writeFiles() throws Exception {
        chain = folder.resolve("client.crt");
        key = folder.resolve("client.key");
        Files.write(chain, TestPki.chainPem(first));
        Files.write(key, TestPki.keyPem(first));
        LOGGER.addHandler(logged);
    }

    @AfterEach
    void stopListening() {
        LOGGER.removeHandler(logged);
    }

    @Test
    void looksAtFilesOnceInAnIntervalAndElsewhere() throws Exception {
        ReloadingContext contexts = contexts(INTERVAL);
        SslContext before = contexts.current();
        write(second);

        advance(INTERVAL.minusNanos(1));
        assertThat(contexts.checkIfDue()).isNull();
        advance(Duration.ofNanos(1));
        CompletableFuture<Void> check = contexts.checkIfDue();
        assertThat(check).isNotDone();
        assertThat(contexts.checkIfDue()).isSameAs(check);
        assertThat(contexts.current()).isSameAs(before);

        runChecks();
        assertThat(check).isDone();
        assertThat(contexts.current()).isNotSameAs(before);
        assertThat(contexts.checkIfDue()).isNull();
    }

    @Test
    void keepsTheContextAndItsSessionsWhileNothingChanged() throws Exception {
        ReloadingContext contexts = contexts(INTERVAL);
        SslContext before = contexts.current();
        write(first);

        check(contexts);

        assertThat(contexts.current()).isSameAs(before);
        assertThat(log).isEmpty();
    }

    @Test
    void survivesACertificateWhoseKeyIsNotThereYet() throws Exception {
        ReloadingContext contexts = contexts(INTERVAL);
        SslContext before = contexts.current();
        Files.write(chain, TestPki.chainPem(second));

        check(contexts);
        assertThat(contexts.current()).isSameAs(before);
        assertThat(log)
                .containsExactly("WARNING TLS certificates and keys were not reloaded, those read before stay in use:"
                        + " identity: " + key + " does not match the first certificate (expected: the key of that"
                        + " certificate, identity: " + chain + ")");

        Files.write(key, TestPki.keyPem(second));
        check(contexts);
        assertThat(contexts.current()).isNotSameAs(before);
        assertThat(log).last().isEqualTo("INFO TLS certificates and keys were reloaded, for new connections");
    }

    @Test
    void complainsOnceInTenMinutesAboutAFileThatIsGone() throws Exception {
        ReloadingContext contexts = contexts(INTERVAL);
        Files.delete(key);

        for (int i = 0; i < 60; i++) {
            check(contexts);
        }
        assertThat(log).hasSize(1).first().asString().endsWith("identity: " + key + " does not exist");
        check(contexts);
        assertThat(log).hasSize(2);
    }

    @Test
    void comesBackToWhatItHadWhenTheFileDoes() throws Exception {
        ReloadingContext contexts = contexts(INTERVAL);
        Files.writeString(chain, "broken");
        check(contexts);
        write(first);

        check(contexts);

        assertThat(log).last().asString().startsWith("INFO ");
    }

    @Test
    void neverLooksWithoutAnInterval() throws Exception {
        ReloadingContext contexts = contexts(Duration.ZERO);
        SslContext before = contexts.current();
        write(second);

        advance(Duration.ofDays(1));
        assertThat(contexts.checkIfDue()).isNull();

        contexts.reload();
        assertThat(contexts.current()).isNotSameAs(before);
    }

    @Test
    void reloadSaysWhatIsBrokenAndKeepsWhatItHad() throws Exception {
        ReloadingContext contexts = contexts(INTERVAL);
        SslContext before = contexts.current();
        Files.delete(key);

        assertThatIllegalArgumentException()
                .isThrownBy(contexts::reload)
                .withMessage("identity: " + key + " does not exist");
        assertThat(contexts.current()).isSameAs(before);
    }

    private void check(ReloadingContext contexts) {
        advance(INTERVAL);
        assertThat(contexts.checkIfDue()).isNotNull();
        runChecks();
    }

    private void runChecks() {
        for (Runnable check = checks.poll(); check != null; check = checks.poll()) {
            check.run();
        }
    }

    private void advance(Duration time) {
        nowNs += time.toNanos();
    }

    private void write(X509Bundle identity) throws Exception {
        Files.write(chain, TestPki.chainPem(identity));
        Files.write(key, TestPki.keyPem(identity));
    }

    private ReloadingContext contexts(Duration interval) {
        MaterialSource chainSource = MaterialSource.of("identity", chain);
        MaterialSource keySource = MaterialSource.of("identity", key);
        TlsConfig config = new TlsConfig(
                TlsProvider.JDK,
                List.of(TlsVersion.TLS_1_3),
                CipherSuites.DEFAULTS,
                true,
                List.of(),
                null,
                false,
                new Material<>(
                        List.of(chainSource, keySource), () -> ClientIdentity.read(chainSource, keySource, null)),
                null,
                new TlsConfig.Sessions(true, 16, Duration.ofHours(1)));
        return new ReloadingContext(new ContextFactory(config), interval, () -> nowNs, checks::add);
    }
}
