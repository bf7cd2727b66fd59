package io.peregrine.client.credentials;

import static io.peregrine.client.credentials.RecordedAnswer.AUTHORIZATION;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.testkit.Guide;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The snippets of docs/guides/credentials.md: what it shows compiles and makes the fields that it says. */
final class CredentialsGuideTest {
    private static final String REPLY = "{\"access_token\":\"t0ken\",\"token_type\":\"Bearer\",\"expires_in\":3600}";

    @TempDir
    private Path folder;

    @Test
    void ofTheChannelAndOfTheCall() throws Exception {
        String serviceToken = "service";
        String userToken = "user";

        ChannelCredentials credentials = TlsCredentials.create().withCallCredentials(BearerToken.of(serviceToken));
        CallOptions options = CallOptions.DEFAULT.withCredentials(BearerToken.of(userToken));

        assertThat(authorization(credentials.callCredentials())).isEqualTo("Bearer service");
        assertThat(authorization(options.credentials())).isEqualTo("Bearer user");
    }

    @Test
    void tokenEndpoint() throws Exception {
        HttpServer endpoint = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        endpoint.createContext("/token", exchange -> {
            byte[] reply = REPLY.getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, reply.length);
            exchange.getResponseBody().write(reply);
            exchange.close();
        });
        endpoint.createContext("/refuses", exchange -> {
            exchange.sendResponseHeaders(401, -1);
            exchange.close();
        });
        endpoint.start();
        String address = "http://" + InetAddress.getLoopbackAddress().getHostAddress() + ':'
                + endpoint.getAddress().getPort();
        try {
            assertThat(authorization(oauth(address + "/token"))).isEqualTo("Bearer t0ken");
            assertThat(answer(oauth(address + "/refuses"))).isInstanceOfSatisfying(Status.class, status -> {
                assertThat(status.code()).isEqualTo(StatusCode.UNAUTHENTICATED);
                assertThat(status.message()).contains("token endpoint: HTTP 401");
            });
        } finally {
            endpoint.stop(0);
        }
        assertThat(answer(oauth(address + "/token")))
                .isInstanceOfSatisfying(
                        Status.class, status -> assertThat(status.code()).isEqualTo(StatusCode.UNAVAILABLE));
    }

    private static BearerToken oauth(String uri) {
        HttpClient http = HttpClient.newHttpClient();
        HttpRequest tokenRequest = HttpRequest.newBuilder(URI.create(uri)).build();
        BearerToken credentials = BearerToken.from(() -> http.sendAsync(tokenRequest, BodyHandlers.ofString())
                .thenApply(response -> {
                    if (response.statusCode() != 200) {
                        throw new IllegalStateException("token endpoint: HTTP " + response.statusCode());
                    }
                    JsonObject reply = JsonParser.parseString(response.body()).getAsJsonObject();
                    Instant expiry =
                            Instant.now().plusSeconds(reply.get("expires_in").getAsLong());
                    return new AccessToken(reply.get("access_token").getAsString(), expiry);
                }));
        return credentials;
    }

    @Test
    void tokenFile() throws Exception {
        Path tokenFile = Files.writeString(folder.resolve("token"), "from-file\n");
        Executor executor = Runnable::run;

        BearerToken credentials = BearerToken.from(TokenSource.blocking(
                () -> new AccessToken(
                        Files.readString(tokenFile).strip(), Instant.now().plusSeconds(60)),
                executor));

        assertThat(authorization(credentials)).isEqualTo("Bearer from-file");
    }

    @Test
    void selfSigned() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        byte[] pkcs8 = generator.generateKeyPair().getPrivate().getEncoded();
        Path keyFile = Files.writeString(
                folder.resolve("robot.pem"),
                "-----BEGIN PRIVATE KEY-----\n" + Base64.getMimeEncoder().encodeToString(pkcs8)
                        + "\n-----END PRIVATE KEY-----\n");

        JwtCredentials credentials = JwtCredentials.builder()
                .privateKey(keyFile)
                .keyId("2026-01")
                .issuer("robot@bank.internal")
                .lifetime(Duration.ofMinutes(30))
                .build();

        String field = authorization(credentials);
        assertThat(SignedJWT.parse(field.substring("Bearer ".length()))
                        .getJWTClaimsSet()
                        .getAudience())
                .containsExactly("https://bank.internal/bank.Vault");
    }

    @Test
    void ofYourOwn() throws Exception {
        Metadata tenant =
                Metadata.builder().put(Metadata.Key.of("x-tenant"), "blue").build();
        CallCredentials credentials = (call, applier) -> applier.apply(tenant);

        assertThat(answer(credentials)).isEqualTo(tenant);
    }

    @Test
    void overPlaintext() throws Exception {
        TokenSource source = () -> CompletableFuture.completedFuture(AccessToken.of("test"));

        ChannelCredentials credentials = InsecureCredentials.create()
                .withCallCredentials(
                        BearerToken.builder(source).allowPlaintext().build());

        assertThat(authorization(credentials.callCredentials())).isEqualTo("Bearer test");
    }

    @Test
    void theGuideShowsWhatIsBuiltHere() {
        List<String> source = Guide.sourceOf(CredentialsGuideTest.class);
        List<String> shown = Guide.named("credentials.md").snippets("java");

        assertThat(shown).hasSize(6);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }

    private static String authorization(@Nullable CallCredentials credentials) throws Exception {
        return String.valueOf(((Metadata) answer(requireNonNull(credentials))).get(AUTHORIZATION));
    }

    /** Fields or a status. */
    private static Object answer(CallCredentials credentials) throws Exception {
        CompletableFuture<Object> answer = new CompletableFuture<>();
        credentials.apply(RecordedAnswer.CALL, new CallCredentials.Applier() {
            @Override
            public void apply(Metadata fields) {
                answer.complete(fields);
            }

            @Override
            public void fail(Status status) {
                answer.complete(status);
            }
        });
        return answer.get(30, TimeUnit.SECONDS);
    }
}
