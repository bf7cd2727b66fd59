package io.peregrine.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.peregrine.transport.tls.material.ClientIdentity;
import io.peregrine.transport.tls.material.MaterialSource;
import io.peregrine.transport.tls.material.Pem;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class ClientTlsTest {
    private static TestPki pki;
    private static X509Bundle identity;

    @TempDir
    private Path folder;

    @BeforeAll
    static void issueCertificates() throws Exception {
        pki = new TestPki();
        identity = pki.issueClient();
    }

    @Test
    void verifiesHostNamesUnlessToldOtherwise() {
        assertThat(ClientTls.builder().build().verifiesHostName()).isTrue();
        assertThat(ClientTls.builder().verifyHostName(false).build().verifiesHostName())
                .isFalse();
        assertThat(ClientTls.builder().insecureTrustAll().build().verifiesHostName())
                .isFalse();
    }

    @Test
    void readsTrustFromFilesBytesAndStreamsTogether() throws IOException {
        Path file = write("ca.pem", pki.authorityPem());

        ClientTls tls = ClientTls.builder()
                .trust(file)
                .trust(pki.authorityPem())
                .trust(new ByteArrayInputStream(pki.authorityPem()))
                .build();

        assertThat(tls.verifiesHostName()).isTrue();
    }

    @Test
    void skipsTextAroundTheBlocks() throws IOException {
        String text = "Subject: CN=Test\n" + new String(pki.authorityPem(), StandardCharsets.US_ASCII) + "\nbye\n";

        assertThat(Pem.certificates(MaterialSource.of("trust", write("ca.pem", text))))
                .hasSize(1);
    }

    @Test
    void namesATrustFileThatDoesNotExist() {
        Path missing = folder.resolve("missing.pem");

        assertRefused(ClientTls.builder().trust(missing), "trust: " + missing + " does not exist");
    }

    @Test
    void namesATrustFileThatIsADirectory() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ClientTls.builder().trust(folder).build())
                .withMessageStartingWith("trust: " + folder + " cannot be read (");
    }

    @Test
    void namesATrustFileThatIsEmpty() throws IOException {
        Path empty = write("empty.pem", "");

        assertRefused(ClientTls.builder().trust(empty), "trust: " + empty + " is empty");
    }

    @Test
    void namesATrustFileThatIsNotPem() throws IOException {
        Path text = write("ca.der", "this is no certificate");

        assertRefused(
                ClientTls.builder().trust(text),
                "trust: " + text + " is not PEM (expected: a block that begins with -----BEGIN CERTIFICATE-----)");
    }

    @Test
    void namesATrustFileThatHoldsAKeyInstead() throws IOException {
        Path key = write("key.pem", TestPki.keyPem(identity));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ClientTls.builder().trust(key).build())
                .withMessageStartingWith("trust: " + key + " is not PEM (expected: ")
                .withMessageNotContaining(new String(TestPki.keyPem(identity), StandardCharsets.US_ASCII));
    }

    @Test
    void namesATrustFileWhoseBlockIsNotBase64OrNotX509() throws IOException {
        Path notBase64 = write("a.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
        Path notX509 = write("b.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

        assertRefused(
                ClientTls.builder().trust(notBase64),
                "trust: " + notBase64 + " has a CERTIFICATE block that is not Base64 (expected: RFC 7468)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ClientTls.builder().trust(notX509).build())
                .withMessageStartingWith("trust: " + notX509 + " has a certificate at position 1 that is not X.509");
    }

    /** As while it is being written: fewer authorities than it will have would refuse good servers. */
    @Test
    void namesATrustFileWhoseLastBlockHasNoEnd() throws IOException {
        String pem = new String(pki.authorityPem(), StandardCharsets.US_ASCII);
        Path cut = write("cut.pem", pem + pem.substring(0, pem.length() / 2));

        assertRefused(
                ClientTls.builder().trust(cut), "trust: " + cut + " has a block without an end (expected: RFC 7468)");
    }

    @Test
    void saysThatAStreamCannotBeRead() {
        InputStream broken = new PipedInputStream();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ClientTls.builder().trust(broken))
                .withMessage("trust: the stream cannot be read (Pipe not connected)");
    }

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"ecp256", "ecp384", "ed25519", "rsa2048"})
    void acceptsAKeyThatMatchesItsCertificate(Algorithm algorithm) throws Exception {
        X509Bundle bundle = pki.issue(new CertificateBuilder()
                .algorithm(algorithm)
                .subject("CN=client")
                .addExtendedKeyUsageClientAuth());

        ClientIdentity read = ClientIdentity.read(
                MaterialSource.of("identity", write("chain.pem", TestPki.chainPem(bundle))),
                MaterialSource.of("identity", write("key.pem", TestPki.keyPem(bundle))),
                null);

        assertThat(read.key()).isEqualTo(bundle.getKeyPair().getPrivate());
        assertThat(read).hasToString("ClientIdentity[CN=client]");
    }

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"ecp256", "ecp384", "ed25519", "rsa2048"})
    void namesAKeyThatDoesNotMatchItsCertificate(Algorithm algorithm) throws Exception {
        X509Bundle other = new CertificateBuilder()
                .algorithm(algorithm)
                .subject("CN=other")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Path chain = write("chain.pem", TestPki.chainPem(identity));
        Path key = write("key.pem", TestPki.keyPem(other));

        assertRefused(
                ClientTls.builder().identity(chain, key),
                "identity: " + key + " does not match the first certificate (expected: the key of that certificate,"
                        + " identity: " + chain + ")");
    }

    @Test
    void namesAKeyOfRsaThatDoesNotMatchItsCertificateOfRsa() throws Exception {
        CertificateBuilder rsa =
                new CertificateBuilder().rsa2048().subject("CN=rsa").setIsCertificateAuthority(true);
        byte[] chain = TestPki.chainPem(rsa.buildSelfSigned());
        byte[] key = TestPki.keyPem(rsa.copy().buildSelfSigned());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ClientTls.builder().identity(chain, key).build())
                .withMessageContaining("does not match the first certificate");
    }

    @Test
    void namesAnIdentityFileThatIsMissingOrNotPem() throws IOException {
        Path chain = write("chain.pem", TestPki.chainPem(identity));
        Path missing = folder.resolve("missing.key");
        Path text = write("text.key", "no key");

        assertRefused(ClientTls.builder().identity(chain, missing), "identity: " + missing + " does not exist");
        assertRefused(
                ClientTls.builder().identity(chain, text),
                "identity: " + text + " is not PEM (expected: a block that begins with -----BEGIN PRIVATE KEY-----)");
        assertRefused(
                ClientTls.builder().identity(text, text),
                "identity: " + text + " is not PEM (expected: a block that begins with -----BEGIN CERTIFICATE-----)");
    }

    @Test
    void refusesAKeyThatIsNoKey() throws IOException {
        Path chain = write("chain.pem", TestPki.chainPem(identity));
        Path key = write("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");

        assertRefused(
                ClientTls.builder().identity(chain, key),
                "identity: " + key + " has a block PRIVATE KEY that is no key of a known kind (expected: [RSA, EC,"
                        + " EdDSA])");
    }

    @Test
    void refusesSourcesOfTrustThatExcludeEachOther() {
        assertRefused(
                ClientTls.builder().trust(pki.authorityPem()).insecureTrustAll(),
                "trust, trustManager, insecureTrustAll: 2 of them are set (expected: at most one)");
        assertRefused(
                ClientTls.builder()
                        .trust(pki.authorityPem())
                        .trustManager(pki.plainTrustManager(() -> {}))
                        .insecureTrustAll(),
                "trust, trustManager, insecureTrustAll: 3 of them are set (expected: at most one)");
    }

    @Test
    void refusesTwoWaysToAnIdentity() throws Exception {
        assertRefused(
                ClientTls.builder()
                        .identity(TestPki.chainPem(identity), TestPki.keyPem(identity))
                        .keyManager(TestPki.keyManager(identity)),
                "identity, keyManager: both are set (expected: at most one)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "BORINGSSL | TLS_FOO_WITH_BAR | TLS_FOO_WITH_BAR (expected: none that RFC 9113 appendix A prohibits;"
                        + " ephemeral key exchange and AEAD)",
                "JDK | TLS_RSA_WITH_AES_128_GCM_SHA256 | TLS_RSA_WITH_AES_128_GCM_SHA256 (expected: none that RFC 9113"
                        + " appendix A prohibits; ephemeral key exchange and AEAD)",
                "JDK | TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 | TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 (expected: none"
                        + " that RFC 9113 appendix A prohibits; ephemeral key exchange and AEAD)",
                "JDK | TLS_ECDHE_ECDSA_WITH_AES_128_CCM | TLS_ECDHE_ECDSA_WITH_AES_128_CCM (expected: a suite that JDK"
                        + " knows, by its IANA name)",
                "BORINGSSL | TLS_AES_128_CCM_SHA256 | TLS_AES_128_CCM_SHA256 (expected: a suite that BORINGSSL knows,"
                        + " by its IANA name)",
                "JDK | TLS_AES_128_GCM_SHA256 | none is for TLSv1.2 (expected: at least one for each of the versions"
                        + " [TLS_1_3, TLS_1_2])",
            })
    void refusesCipherSuitesThatCannotBe(TlsProvider provider, String suite, String complaint) {
        assertRefused(ClientTls.builder().provider(provider).ciphers(List.of(suite)), "ciphers: " + complaint);
    }

    @Test
    void saysThatBoringSslGivesNoChoiceAmongTheSuitesOfTls13() {
        assertRefused(
                ClientTls.builder()
                        .provider(TlsProvider.BORINGSSL)
                        .versions(TlsVersion.TLS_1_3)
                        .ciphers(List.of("TLS_AES_256_GCM_SHA384")),
                "ciphers: [TLS_AES_256_GCM_SHA384] (expected: all three suites of TLS 1.3, among which BoringSSL gives"
                        + " no choice, or provider JDK, or versions without TLS_1_3)");
    }

    @ParameterizedTest
    @EnumSource(
            value = TlsProvider.class,
            names = {"BORINGSSL", "JDK"})
    void knowsAllSuitesThatItOffersByDefault(TlsProvider provider) {
        ClientTls tls = ClientTls.builder()
                .provider(provider)
                .ciphers(CipherSuites.DEFAULTS)
                .build();

        assertThat(tls.provider()).isEqualTo(provider);
    }

    @Test
    void refusesNumbersOutOfRange() {
        assertRefused(
                ClientTls.builder().reloadInterval(Duration.ofSeconds(-1)),
                "reloadInterval: PT-1S (expected: zero or more)");
        assertRefused(
                ClientTls.builder().sessionCacheSize(0),
                "sessionCacheSize: 0 (expected: 1 or more; sessionResumption(false) remembers none)");
        assertRefused(
                ClientTls.builder().sessionTimeout(Duration.ofMillis(999)),
                "sessionTimeout: PT0.999S (expected: 1 s to 7 days)");
        assertRefused(
                ClientTls.builder().sessionTimeout(Duration.ofDays(8)),
                "sessionTimeout: PT192H (expected: 1 s to 7 days)");
    }

    @Test
    void refusesAServerNameThatIsNone() {
        assertRefused(ClientTls.builder().serverName("a..b"), "serverName: a..b (expected: a host name)");
    }

    @Test
    void showsWhatMattersAndNoSecrets() {
        ClientTls tls = ClientTls.builder()
                .provider(TlsProvider.JDK)
                .serverName("greeter.test")
                .identity(TestPki.chainPem(identity), TestPki.keyPem(identity))
                .build();

        assertThat(tls)
                .hasToString(
                        "ClientTls[JDK, versions=[TLS_1_3, TLS_1_2], verifyHostName=true, serverName=greeter.test]");
    }

    private Path write(String name, String text) throws IOException {
        return write(name, text.getBytes(StandardCharsets.UTF_8));
    }

    private Path write(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    private static void assertRefused(ClientTls.Builder builder, String message) {
        assertThatIllegalArgumentException().isThrownBy(builder::build).withMessage(message);
    }
}
