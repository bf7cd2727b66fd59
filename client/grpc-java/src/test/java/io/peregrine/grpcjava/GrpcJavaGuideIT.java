package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import io.grpc.testing.integration.EmptyProtos.Empty;
import io.grpc.testing.integration.TestServiceGrpc;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.instrumentation.grpc.v1_6.GrpcTelemetry;
import io.peregrine.client.ClientConn;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.testkit.Guide;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The snippets of docs/guides/grpc-java.md, run against grpc-java's own server, and what its tables have to name. */
class GrpcJavaGuideIT {
    private static final Guide GUIDE = Guide.named("grpc-java.md");

    private InteropServer server;
    private String target;

    @BeforeEach
    void start() throws Exception {
        server = InteropServer.plaintext();
        target = server.target();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void onlyTheBuilderChanges() throws Exception {
        // before
        ManagedChannel before =
                ManagedChannelBuilder.forTarget(target).usePlaintext().build();
        // after
        ManagedChannel after =
                PeregrineChannelBuilder.forTarget(target).usePlaintext().build();

        TestServiceGrpc.TestServiceBlockingStub stub = TestServiceGrpc.newBlockingStub(after);
        assertThat(before).isNotInstanceOf(PeregrineChannel.class);
        assertThat(stub.emptyCall(Empty.getDefaultInstance())).isEqualTo(Empty.getDefaultInstance());
        before.shutdownNow();
        end(after);
    }

    @Test
    void whatOnlyPeregrineHas() throws Exception {
        PeregrineChannel tuned = PeregrineChannelBuilder.forTarget(target)
                .usePlaintext()
                .defaultLoadBalancingPolicy("least_request")
                .maxInboundMessageSize(16 << 20)
                .configure(conn -> conn.maxWaitingCalls(1000))
                .build();

        assertAnswers(tuned);
        end(tuned);
    }

    @Test
    void aConnectionThatThereIs() throws Exception {
        ClientConn conn = ClientConn.builder(target)
                .credentials(InsecureCredentials.create())
                .build();
        ManagedChannel facade = PeregrineChannel.over(conn);

        assertAnswers(facade);
        end(facade);
        assertThat(conn.isTerminated()).isTrue();
    }

    @Test
    void credentials() throws Exception {
        X509Bundle identity = new CertificateBuilder()
                .subject("CN=client")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        InteropServer secure = InteropServer.tls();
        target = secure.target();
        InputStream roots = new ByteArrayInputStream(secure.certificatePem());
        InputStream certificateChain = pem(identity.getCertificatePathPEM());
        InputStream privateKey = pem(identity.getPrivateKeyPEM());

        ChannelCredentials credentials = TlsChannelCredentials.newBuilder()
                .trustManager(roots)
                .keyManager(certificateChain, privateKey)
                .build();
        ManagedChannel secured =
                PeregrineChannelBuilder.forTarget(target, credentials).build();

        assertAnswers(secured);
        end(secured);
        secure.close();
    }

    @Test
    void interceptors() throws Exception {
        OpenTelemetry openTelemetry = OpenTelemetry.noop();
        ManagedChannel traced = PeregrineChannelBuilder.forTarget(target)
                .usePlaintext()
                .intercept(GrpcTelemetry.create(openTelemetry).createClientInterceptor())
                .build();

        assertAnswers(traced);
        end(traced);
    }

    @Test
    void theGuideShowsWhatIsBuiltHere() {
        List<String> source = Guide.sourceOf(GrpcJavaGuideIT.class);
        List<String> shown = GUIDE.snippets("java");

        assertThat(shown).hasSize(5);
        assertThat(shown).allSatisfy(snippet -> assertThat(source).containsSequence(Guide.lines(snippet)));
    }

    @Test
    void theGuideNamesEveryOptionOfTheBuilder() {
        assertThat(namesIn("Options of the builder")).containsAll(methodsOf(ManagedChannelBuilder.class, name -> true));
    }

    @Test
    void theGuideNamesEveryOptionOfACall() {
        assertThat(namesIn("Options of a call"))
                .containsAll(methodsOf(CallOptions.class, name -> name.startsWith("with")));
    }

    /** What an application or a subclass may call. */
    private static Set<String> methodsOf(Class<?> type, Predicate<String> wanted) {
        return Arrays.stream(type.getDeclaredMethods())
                .filter(method ->
                        Modifier.isPublic(method.getModifiers()) || Modifier.isProtected(method.getModifiers()))
                .filter(method -> !method.isSynthetic())
                .map(Method::getName)
                .filter(wanted)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The names in the first column of the table of a section. */
    private static Set<String> namesIn(String section) {
        return GUIDE.section(section)
                .lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.substring(0, line.indexOf('|', 1)))
                .flatMap(cell -> Pattern.compile("`(\\w+)`").matcher(cell).results())
                .map((MatchResult name) -> name.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void assertAnswers(ManagedChannel channel) {
        assertThat(TestServiceGrpc.newBlockingStub(channel).emptyCall(Empty.getDefaultInstance()))
                .isEqualTo(Empty.getDefaultInstance());
    }

    private static void end(ManagedChannel channel) throws InterruptedException {
        assertThat(channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }

    private static InputStream pem(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
    }
}
