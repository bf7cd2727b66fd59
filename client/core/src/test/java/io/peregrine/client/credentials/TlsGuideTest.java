package io.peregrine.client.credentials;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.peregrine.testkit.Guide;
import io.peregrine.transport.tls.TlsVersion;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The snippets of docs/guides/tls.md: what it shows compiles and builds credentials. */
final class TlsGuideTest {
    @TempDir
    private Path folder;

    private Path caPem;
    private Path clientChainPem;
    private Path clientKeyPem;
    private Vault vault;

    private record Vault(Map<String, String> secrets) {
        byte[] read(String name) {
            return secrets.getOrDefault(name, "").getBytes(StandardCharsets.US_ASCII);
        }
    }

    @BeforeEach
    void writeFiles() throws Exception {
        X509Bundle client = new CertificateBuilder()
                .ecp256()
                .subject("CN=client")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        String chain = client.getCertificatePathPEM();
        String key = client.getPrivateKeyPEM();
        caPem = Files.writeString(folder.resolve("ca.pem"), chain);
        clientChainPem = Files.writeString(folder.resolve("client.crt"), chain);
        clientKeyPem = Files.writeString(folder.resolve("client.key"), key);
        vault = new Vault(Map.of("ca", chain, "client", chain + '\n' + key));
    }

    @Test
    void trust() {
        TlsCredentials credentials = TlsCredentials.builder().trust(caPem).build();

        assertThat(credentials.tls().verifiesHostName()).isTrue();
    }

    @Test
    void mutualTls() {
        TlsCredentials credentials = TlsCredentials.builder()
                .trust(caPem)
                .identity(clientChainPem, clientKeyPem)
                .build();

        assertThat(credentials.toString())
                .startsWith("TlsCredentials[ClientTls[")
                .doesNotContain("client");
    }

    @Test
    void suppliers() {
        TlsCredentials credentials = TlsCredentials.builder()
                .trust(() -> vault.read("ca"))
                .identity(() -> vault.read("client"))
                .reloadInterval(Duration.ofMinutes(1))
                .build();

        credentials.reload();
    }

    @Test
    void versionsAndCiphers() {
        TlsCredentials credentials = TlsCredentials.builder()
                .versions(TlsVersion.TLS_1_2)
                .ciphers(List.of("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"))
                .build();

        assertThat(credentials.toString()).contains("versions=[TLS_1_2]");
    }

    @Test
    void theGuideShowsWhatIsBuiltHere() {
        List<String> source = Guide.sourceOf(TlsGuideTest.class);
        List<String> shown = Guide.named("tls.md").snippets("java");

        assertThat(shown).hasSize(4);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }
}
