package io.peregrine.transport.tls.material;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.transport.tls.ClientTls;
import io.peregrine.transport.tls.TlsProvider;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.spec.InvalidKeySpecException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads what OpenSSL 3 wrote; the files are made for this test and keys to nothing. */
final class PrivateKeysTest {
    private static final char[] PASSWORD = "marker-password".toCharArray();

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "rsa-pkcs1.key, rsa.crt, CN=fixture-rsa",
        "rsa-encrypted.key, rsa.crt, CN=fixture-rsa",
        "ec-sec1.key, ec.crt, CN=fixture-ec",
        "ec-encrypted.key, ec.crt, CN=fixture-ec",
        "ed25519.key, ed25519.crt, CN=fixture-ed25519"
    })
    void readsEachFormOfKeyAndItsCertificate(String key, String certificate, String subject) throws Exception {
        ClientIdentity identity = ClientIdentity.read(fixture(certificate), fixture(key), PASSWORD);

        assertThat(identity).hasToString("ClientIdentity[" + subject + "]");
        ClientTls.builder()
                .provider(TlsProvider.JDK)
                .identity(path(certificate), path(key), PASSWORD)
                .build();
        ClientTls.builder()
                .provider(TlsProvider.JDK)
                .identity(Files.readAllBytes(path(certificate)), Files.readAllBytes(path(key)), PASSWORD)
                .build();
    }

    @Test
    void refusesAKeyThatBoringSslWouldNotSignWith() throws Exception {
        assertRefused(
                ClientTls.builder().provider(TlsProvider.BORINGSSL).identity(path("ed25519.crt"), path("ed25519.key")),
                "identity: a key of kind EdDSA (expected: RSA or EC, with which BoringSSL signs, or provider JDK)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ec.crt ec-sec1.key", "ec-sec1.key ec.crt"})
    void readsChainAndKeyFromOneFileInEitherOrder(String order) throws Exception {
        Path both = folder.resolve("both.pem");
        String[] files = order.split(" ", -1);
        Files.writeString(both, Files.readString(path(files[0])) + Files.readString(path(files[1])));

        assertThat(ClientTls.builder().identity(both).build()).isNotNull();
        assertThat(ClientTls.builder().identity(() -> read(both)).build()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PKCS12", "JKS"})
    void readsIdentityAndTrustFromKeyStores(String type) throws Exception {
        ClientIdentity identity = ClientIdentity.read(fixture("ec.crt"), fixture("ec-sec1.key"), null);
        Path store = store(type, identity, 1);
        Path trust = store(type, identity, 0);

        ClientTls tls = ClientTls.builder()
                .identityStore(store, PASSWORD)
                .trustStore(trust, PASSWORD)
                .build();

        assertThat(tls.verifiesHostName()).isTrue();
        assertRefused(
                ClientTls.builder().identityStore(store, "wrong".toCharArray()),
                "identityStore: " + store + " cannot be opened with the password given with it");
        assertRefused(
                ClientTls.builder().identityStore(trust, PASSWORD),
                "identityStore: " + trust + " has 0 private keys [] (expected: exactly one)");
        assertRefused(
                ClientTls.builder().identityStore(store(type, identity, 2), PASSWORD),
                "identityStore: " + store + " has 2 private keys [key0, key1] (expected: exactly one)");
        assertRefused(
                ClientTls.builder().trustStore(store, PASSWORD),
                "trustStore: " + store + " has no trusted certificate (expected: one or more, as imported by: keytool"
                        + " -importcert)");
    }

    @Test
    void refusesAKeyStoreThatIsNone() throws Exception {
        Path text = Files.writeString(folder.resolve("text.p12"), "no store");

        assertRefused(
                ClientTls.builder().identityStore(text, PASSWORD),
                "identityStore: " + text + " is not a key store that opens (expected: PKCS#12 or JKS, one password for"
                        + " the store and its key)");
    }

    @Test
    void saysWhatIsWrongWithAnEncryptedKey() throws Exception {
        Path chain = path("rsa.crt");
        Path key = path("rsa-encrypted.key");
        Path older = path("rsa-rfc1421.key");
        Path scrypt = path("rsa-scrypt.key");

        assertRefused(
                ClientTls.builder().identity(chain, key),
                "identity: " + key + " is encrypted (expected: a password with it)");
        assertRefused(
                ClientTls.builder().identity(chain, key, "wrong".toCharArray()),
                "identity: " + key + " cannot be decrypted with the password given with it");
        assertRefused(
                ClientTls.builder().identity(chain, older, PASSWORD),
                "identity: " + older + " is encrypted in the way of RFC 1421 (expected: encrypted PKCS#8, as written"
                        + " by: openssl pkcs8 -topk8)");
        assertRefused(
                ClientTls.builder().identity(chain, scrypt, PASSWORD),
                "identity: " + scrypt + " is encrypted in a way that the JDK does not know (expected: as written by:"
                        + " openssl pkcs8 -topk8 -v2 aes-256-cbc)");
    }

    @Test
    void takesTheCurveFromTheBlockBeforeAKeyThatDoesNotNameIt() throws Exception {
        byte[] withoutCurve = {0x30, 0x08, 0x02, 0x01, 0x01, 0x04, 0x03, 1, 2, 3};
        byte[] curve = {0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x03, 0x01, 0x07};

        byte[] pkcs8 = Pkcs8.ofSec1(withoutCurve, curve);

        assertThat(pkcs8).containsSequence(curve).endsWith(withoutCurve).startsWith(0x30, pkcs8.length - 2);
        assertThatThrownBy(() -> Pkcs8.ofSec1(withoutCurve, null))
                .isInstanceOf(InvalidKeySpecException.class)
                .hasMessage("the key does not name its curve");
    }

    @Test
    void refusesSec1ThatIsCutAtAnyPlace() throws Exception {
        byte[] whole = {0x30, 0x0c, 0x02, 0x01, 0x01, 0x04, 0x03, 1, 2, 3, (byte) 0xa0, 0x02, 0x05, 0x00};
        assertThat(Pkcs8.ofSec1(whole, null)).endsWith(whole);

        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> Pkcs8.ofSec1(cut, null)).isInstanceOf(InvalidKeySpecException.class);
        }
    }

    /** HOSTILE.md P17: whatever goes wrong, the password and the key stay out of it, causes included. */
    @ParameterizedTest
    @ValueSource(strings = {"rsa-encrypted.key", "rsa-rfc1421.key", "rsa-scrypt.key", "ec-sec1.key", "ed25519.key"})
    void showsNeitherPasswordNorKeyWhenItRefuses(String key) throws Exception {
        Path chain = path("rsa.crt");
        String keyLine = Files.readAllLines(path(key)).get(2);

        assertThatThrownBy(() -> ClientTls.builder()
                        .identity(chain, path(key), "marker-of-a-password".toCharArray())
                        .build())
                .satisfies(failure -> {
                    StringWriter trace = new StringWriter();
                    failure.printStackTrace(new PrintWriter(trace, true));
                    assertThat(trace.toString()).doesNotContain("marker-of-a-password", keyLine);
                });
    }

    private Path store(String type, ClientIdentity identity, int keys) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        store.load(null, null);
        Certificate[] chain = identity.chain().toArray(Certificate[]::new);
        for (int i = 0; i < keys; i++) {
            store.setKeyEntry("key" + i, identity.key(), PASSWORD, chain);
        }
        if (keys == 0) {
            store.setCertificateEntry("authority", chain[0]);
        }
        Path file = folder.resolve(keys == 0 ? "trust.store" : "identity.store");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, PASSWORD);
        }
        return file;
    }

    private static byte[] read(Path file) {
        return MaterialSource.of("test", file).read();
    }

    private static MaterialSource fixture(String name) throws Exception {
        return MaterialSource.of("identity", path(name));
    }

    private static Path path(String name) throws Exception {
        return Path.of(PrivateKeysTest.class.getResource(name).toURI());
    }

    private static void assertRefused(ClientTls.Builder builder, String message) {
        assertThatIllegalArgumentException().isThrownBy(builder::build).withMessage(message);
    }
}
