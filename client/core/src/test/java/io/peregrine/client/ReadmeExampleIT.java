package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.grpc.testing.integration.Messages.Payload;
import io.grpc.testing.integration.Messages.SimpleRequest;
import io.grpc.testing.integration.Messages.SimpleResponse;
import io.peregrine.client.credentials.InsecureCredentials;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The example of README.md: what it shows compiles and runs against grpc-java's interop server. */
class ReadmeExampleIT {
    @Test
    void theExampleOfTheReadmeRuns() throws Exception {
        try (InteropServer server = InteropServer.plaintext()) {
            String target = server.target();
            SimpleRequest request = SimpleRequest.newBuilder()
                    .setResponseSize(5)
                    .setPayload(Payload.newBuilder().setBody(ByteString.copyFromUtf8("hello")))
                    .build();

            // README: begin
            MethodDescriptor<SimpleRequest, SimpleResponse> unaryCall = MethodDescriptor.unary(
                    "grpc.testing.TestService/UnaryCall",
                    Marshallers.protobuf(SimpleRequest.parser()),
                    Marshallers.protobuf(SimpleResponse.parser()));
            CallOptions options = CallOptions.deadlineAfter(Duration.ofSeconds(5));

            try (ClientConn conn = ClientConn.builder(target)
                    .credentials(InsecureCredentials.create())
                    .build()) {
                SimpleResponse reply = conn.invoke(unaryCall, request, options);
                CompletableFuture<SimpleResponse> future = conn.invokeFuture(unaryCall, request, options);
                // README: end
                assertThat(reply.getPayload().getBody()).hasSize(5);
                assertThat(future.get(10, TimeUnit.SECONDS)).isEqualTo(reply);
            }
        }
    }

    @Test
    void theReadmeShowsTheExampleThatRuns() throws Exception {
        String source = Files.readString(Path.of("src/test/java/io/peregrine/client/ReadmeExampleIT.java"));
        String example = source.substring(source.indexOf("// README: begin"), source.indexOf("// README: end"));
        List<String> lines = example.lines()
                .skip(1)
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();

        assertThat(Files.readString(Path.of("..", "..", "README.md")).lines().map(String::strip))
                .containsSubsequence(lines);
    }
}
