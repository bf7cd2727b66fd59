package io.peregrine.client.credentials;

import static io.peregrine.client.credentials.RecordedAnswer.ask;
import static io.peregrine.client.credentials.RecordedAnswer.call;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jwt.SignedJWT;
import io.peregrine.client.StatusCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Date;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Self-signed tokens: their form, their audience and how long they are kept (SPEC CR-2, CR-7). */
class JwtCredentialsTest {
    private static KeyPair rsa;
    private static KeyPair ec;

    private final VirtualClock clock = new VirtualClock();

    @BeforeAll
    static void makeKeys() throws Exception {
        rsa = newKey("RSA", 2048);
        ec = newEcKey("secp256r1");
    }

    // ---- What a token is -------------------------------------------------------------------------------------

    @Test
    void cr2TheTokenNamesTheServiceAndWhoSignsFromWhenUntilWhen() {
        String token = ask(signing(ec).subject("alice").keyId("key-7").build()).token();

        JsonObject header = part(token, 0);
        assertThat(header).hasToString("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"key-7\"}");
        JsonObject claims = part(token, 1);
        assertThat(claims.keySet()).containsExactly("iss", "sub", "aud", "iat", "exp");
        assertThat(claims.get("iss").getAsString()).isEqualTo("robot@bank");
        assertThat(claims.get("sub").getAsString()).isEqualTo("alice");
        assertThat(claims.get("aud").getAsString()).isEqualTo("https://bank.internal/bank.Vault");
        assertThat(claims.get("iat").getAsLong()).isEqualTo(VirtualClock.START.getEpochSecond());
        assertThat(claims.get("exp").getAsLong()).isEqualTo(VirtualClock.START.getEpochSecond() + 3600);
    }

    @Test
    void theSubjectIsTheIssuerAndThereIsNoKeyIdUnlessSet() {
        String token = ask(signing(rsa).build()).token();

        assertThat(part(token, 0)).hasToString("{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
        assertThat(part(token, 1).get("sub").getAsString()).isEqualTo("robot@bank");
    }

    @Test
    void theJdkVerifiesRs256() throws Exception {
        String token = ask(signing(rsa).build()).token();

        assertThat(verifies(token, "SHA256withRSA", rsa.getPublic())).isTrue();
    }

    /** JOSE has R and S side by side, 64 bytes, and no DER (RFC 7518 section 3.4). */
    @Test
    void theJdkVerifiesEs256() throws Exception {
        for (int i = 0; i < 50; i++) {
            String token = ask(signing(ec).build()).token();

            assertThat(signatureOf(token)).hasSize(64);
            assertThat(verifies(token, "SHA256withECDSAinP1363Format", ec.getPublic()))
                    .isTrue();
        }
    }

    @Test
    void anotherLibraryReadsAndVerifiesBoth() throws Exception {
        SignedJWT rs256 = SignedJWT.parse(ask(signing(rsa).keyId("k").build()).token());
        SignedJWT es256 = SignedJWT.parse(ask(signing(ec).keyId("k").build()).token());

        assertThat(rs256.getHeader().getAlgorithm()).isEqualTo(JWSAlgorithm.RS256);
        assertThat(rs256.verify(new RSASSAVerifier((RSAPublicKey) rsa.getPublic())))
                .isTrue();
        assertThat(es256.getHeader().getAlgorithm()).isEqualTo(JWSAlgorithm.ES256);
        assertThat(es256.verify(new ECDSAVerifier((ECPublicKey) ec.getPublic())))
                .isTrue();
        for (SignedJWT token : List.of(rs256, es256)) {
            assertThat(token.getHeader().getKeyID()).isEqualTo("k");
            assertThat(token.getJWTClaimsSet().getIssuer()).isEqualTo("robot@bank");
            assertThat(token.getJWTClaimsSet().getAudience()).containsExactly("https://bank.internal/bank.Vault");
            assertThat(token.getJWTClaimsSet().getExpirationTime())
                    .isEqualTo(Date.from(VirtualClock.START.plusSeconds(3600)));
        }
    }

    @Test
    void claimsAreWrittenAsJsonWhateverTheyHold() throws Exception {
        String odd = "a\"b\\c\n<é>";

        String token = ask(signing(ec).subject(odd).build()).token();

        assertThat(SignedJWT.parse(token).getJWTClaimsSet().getSubject()).isEqualTo(odd);
    }

    // ---- The audience ----------------------------------------------------------------------------------------

    @Test
    void cr2TheAudienceIsTheServiceOnItsHostWithoutThePort443() {
        assertThat(call("bank.Vault/Open", "bank.internal:443").audience())
                .isEqualTo("https://bank.internal/bank.Vault");
        assertThat(call("bank.Vault/Open", "bank.internal").audience()).isEqualTo("https://bank.internal/bank.Vault");
        assertThat(call("bank.Vault/Open", "bank.internal:8443").audience())
                .isEqualTo("https://bank.internal:8443/bank.Vault");
        assertThat(call("bank.Vault/Open", "[::1]:443").audience()).isEqualTo("https://[::1]/bank.Vault");
        assertThat(call("bank.Vault/Open", "[::443]").audience()).isEqualTo("https://[::443]/bank.Vault");
    }

    @Test
    void cr2EachServiceHasATokenOfItsOwnAndItsMethodsShareIt() {
        JwtCredentials credentials = signing(ec).build();

        String open = ask(credentials, call("bank.Vault/Open", "bank")).token();
        String close = ask(credentials, call("bank.Vault/Close", "bank")).token();
        String teller = ask(credentials, call("bank.Teller/Pay", "bank")).token();
        String elsewhere =
                ask(credentials, call("bank.Vault/Open", "bank.test")).token();

        assertThat(close).isEqualTo(open);
        assertThat(audience(teller)).isEqualTo("https://bank/bank.Teller");
        assertThat(audience(elsewhere)).isEqualTo("https://bank.test/bank.Vault");
        assertThat(credentials.keptAudiences()).isEqualTo(3);
    }

    @Test
    void cr2AnAudienceThatIsSetHoldsForAllCalls() {
        JwtCredentials credentials =
                signing(ec).audience("https://all.bank.internal/").build();

        String vault = ask(credentials, call("bank.Vault/Open", "bank")).token();

        assertThat(audience(vault)).isEqualTo("https://all.bank.internal/");
        assertThat(ask(credentials, call("bank.Teller/Pay", "other")).token()).isEqualTo(vault);
    }

    @Test
    void theNumberOfAudiencesIsBounded() {
        Deque<Runnable> never = new ArrayDeque<>();
        JwtCredentials credentials = signing(ec).executor(never::add).build();

        for (int i = 0; i < JwtCredentials.MAX_KEPT_AUDIENCES + 1; i++) {
            ask(credentials, call("bank.Service" + i + "/Open", "bank"));
        }

        assertThat(credentials.keptAudiences()).isBetween(1, JwtCredentials.MAX_KEPT_AUDIENCES);
    }

    // ---- How long it is kept ---------------------------------------------------------------------------------

    @Test
    void cr7TheTokenIsKeptAndReplacedBeforeItExpiresOnTheExecutor() {
        Deque<Runnable> executor = new ArrayDeque<>();
        JwtCredentials credentials = signing(ec).executor(executor::add).build();
        RecordedAnswer first = ask(credentials);
        first.assertWaiting();
        executor.remove().run();
        String token = first.token();

        clock.advance(Duration.ofMinutes(55).minusSeconds(1));
        assertThat(ask(credentials).token()).isEqualTo(token);
        assertThat(executor).isEmpty();
        clock.advance(Duration.ofSeconds(1));
        assertThat(ask(credentials).token()).as("while it is replaced").isEqualTo(token);
        assertThat(ask(credentials).token()).isEqualTo(token);
        assertThat(executor).hasSize(1);
        executor.remove().run();

        assertThat(part(ask(credentials).token(), 1).get("iat").getAsLong())
                .isEqualTo(VirtualClock.START.plus(Duration.ofMinutes(55)).getEpochSecond());
    }

    @Test
    void lifetimeAndMarginCanBeSet() {
        JwtCredentials credentials = signing(ec)
                .lifetime(Duration.ofMinutes(10))
                .refreshMargin(Duration.ofMinutes(2))
                .build();
        String token = ask(credentials).token();
        assertThat(part(token, 1).get("exp").getAsLong())
                .isEqualTo(VirtualClock.START.plusSeconds(600).getEpochSecond());

        clock.advance(Duration.ofMinutes(8));
        ask(credentials);
        assertThat(ask(credentials).token()).isNotEqualTo(token);
    }

    @Test
    void cr4AnExecutorThatRejectsIsUnavailable() {
        JwtCredentials credentials = signing(ec)
                .executor(task -> {
                    throw new RejectedExecutionException("full");
                })
                .build();

        assertThat(ask(credentials).failure(StatusCode.UNAVAILABLE).message())
                .isEqualTo("signing a token failed: java.util.concurrent.RejectedExecutionException: full");
    }

    // ---- Settings --------------------------------------------------------------------------------------------

    @Test
    void theKeyIsReadFromPem(@TempDir Path folder) throws Exception {
        byte[] pem = pem(ec);
        Path file = Files.write(folder.resolve("robot.pem"), pem);

        for (JwtCredentials.Builder builder : List.of(
                JwtCredentials.builder().privateKey(file),
                JwtCredentials.builder().privateKey(file, "unused".toCharArray()),
                JwtCredentials.builder().privateKey(pem))) {
            JwtCredentials credentials =
                    builder.issuer("robot@bank").executor(Runnable::run).build();
            String token = ask(credentials).token();
            assertThat(verifies(token, "SHA256withECDSAinP1363Format", ec.getPublic()))
                    .isTrue();
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JwtCredentials.builder().privateKey(folder.resolve("absent.pem")))
                .withMessage("private key: " + folder.resolve("absent.pem") + " does not exist");
    }

    @Test
    void keysThatNeitherAlgorithmTakesAreRefused() throws Exception {
        String expected = " (expected: RSA of 2048 bits or more for RS256, or EC on P-256 for ES256)";

        assertRefused(newKey("RSA", 1024), "private key: RSA of 1024 bits" + expected);
        assertRefused(newEcKey("secp384r1"), "private key: EC on another curve, of 384 bits" + expected);
        assertRefused(KeyPairGenerator.getInstance("Ed25519").generateKeyPair(), "private key: EdDSA" + expected);
    }

    @Test
    void whatIsMissingOrOutsideItsRangeIsSaid() {
        assertThatIllegalStateException()
                .isThrownBy(() -> JwtCredentials.builder().issuer("robot").build())
                .withMessage("private key: none (expected: RSA or EC on P-256)");
        assertThatIllegalStateException()
                .isThrownBy(() ->
                        JwtCredentials.builder().privateKey(ec.getPrivate()).build())
                .withMessage("issuer: none (expected: who signs, the claim iss)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> signing(ec).lifetime(Duration.ofMillis(999)))
                .withMessage("lifetime: PT0.999S (expected: 1 s..24 h)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> signing(ec).lifetime(Duration.ofHours(25)))
                .withMessage("lifetime: PT25H (expected: 1 s..24 h)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> signing(ec).refreshMargin(Duration.ofMillis(-1)))
                .withMessage("refresh margin: PT-0.001S (expected: zero or a positive duration)");
    }

    @Test
    void cr3TheTokenRequiresPrivacyUnlessPlaintextIsAllowed() {
        assertThat(signing(ec).build().requiresPrivacy()).isTrue();
        assertThat(signing(ec).allowPlaintext().build().requiresPrivacy()).isFalse();
    }

    /** HOSTILE.md P17. */
    @Test
    void p17NeitherKeyNorTokenIsShown() {
        JwtCredentials credentials = signing(ec).keyId("key-7").build();
        ask(credentials);

        assertThat(credentials).hasToString("JwtCredentials[ES256, issuer=robot@bank, allowsPlaintext=false]");
        byte[] broken = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
                .getBytes(StandardCharsets.US_ASCII);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JwtCredentials.builder().privateKey(broken))
                .satisfies(thrown -> assertThat(thrown.toString()).doesNotContain("c2VjcmV0", "secret"));
    }

    private JwtCredentials.Builder signing(KeyPair keys) {
        return JwtCredentials.builder()
                .privateKey(keys.getPrivate())
                .issuer("robot@bank")
                .executor(Runnable::run)
                .clock(clock);
    }

    private static void assertRefused(KeyPair keys, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> JwtCredentials.builder()
                        .privateKey(keys.getPrivate())
                        .issuer("robot")
                        .build())
                .withMessage(message);
    }

    private static JsonObject part(String token, int index) {
        byte[] json = Base64.getUrlDecoder().decode(token.split("\\.", -1)[index]);
        return JsonParser.parseString(new String(json, StandardCharsets.UTF_8)).getAsJsonObject();
    }

    private static String audience(String token) {
        return part(token, 1).get("aud").getAsString();
    }

    private static byte[] signatureOf(String token) {
        return Base64.getUrlDecoder().decode(token.substring(token.lastIndexOf('.') + 1));
    }

    private static boolean verifies(String token, String algorithm, PublicKey key) throws GeneralSecurityException {
        Signature signature = Signature.getInstance(algorithm);
        signature.initVerify(key);
        signature.update(token.substring(0, token.lastIndexOf('.')).getBytes(StandardCharsets.US_ASCII));
        return signature.verify(signatureOf(token));
    }

    private static byte[] pem(KeyPair keys) {
        String base64 = Base64.getMimeEncoder().encodeToString(keys.getPrivate().getEncoded());
        return ("-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static KeyPair newKey(String algorithm, int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    private static KeyPair newEcKey(String curve) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(curve));
        return generator.generateKeyPair();
    }
}
