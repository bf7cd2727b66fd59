package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Metadata goes to a server of grpc-java and back, as headers and as trailers, without loss. */
class MetadataProperties {
    private static final int CALLS = 200;
    private static final int MAX_FIELDS = 12;
    private static final int MAX_LENGTH = 40;

    private static EchoServer server;
    private static PeregrineChannel channel;

    @BeforeAll
    static void start() throws Exception {
        server = EchoServer.start();
        channel = PeregrineChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .directExecutor()
                .build();
    }

    @AfterAll
    static void stop() throws Exception {
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        server.close();
    }

    @Test
    void anyMetadataComesBackInOrderWithEachOccurrence() {
        SplittableRandom random = Seeds.random("anyMetadataComesBackInOrderWithEachOccurrence");
        for (int i = 0; i < CALLS; i++) {
            Metadata sent = anyMetadata(random);
            List<String> expected = describe(sent);
            RecordedCall<String> listener = new RecordedCall<>();
            ClientCall<String, String> call =
                    channel.newCall(random.nextBoolean() ? EchoServer.UNARY : EchoServer.BIDI, CallOptions.DEFAULT);
            call.start(listener, sent);
            call.request(2);
            call.sendMessage("x");
            call.halfClose();

            assertThat(listener.await()).isEqualTo(Status.OK);
            assertThat(describe(listener.headers())).isEqualTo(expected);
            assertThat(describe(listener.trailers())).isEqualTo(expected);
        }
    }

    @Test
    void fieldsThatOtherLibrariesPutBehindGrpcAreSent() throws Exception {
        Metadata.Key<byte[]> trace = Metadata.Key.of("grpc-trace-bin", Metadata.BINARY_BYTE_MARSHALLER);
        Metadata sent = new Metadata();
        sent.put(trace, new byte[] {1, 2, 3});
        RecordedCall<String> listener = new RecordedCall<>();
        server.received.clear();
        ClientCall<String, String> call = channel.newCall(EchoServer.UNARY, CallOptions.DEFAULT);
        call.start(listener, sent);
        call.request(2);
        call.sendMessage("x");
        call.halfClose();

        listener.await();
        assertThat(RecordedCall.next(server.received).get(trace)).containsExactly(1, 2, 3);
    }

    private static Metadata anyMetadata(SplittableRandom random) {
        Metadata metadata = new Metadata();
        int fields = random.nextInt(MAX_FIELDS + 1);
        for (int i = 0; i < fields; i++) {
            // Few names, so that some occur more than once.
            String name = "x-" + (char) ('a' + random.nextInt(4));
            if (random.nextBoolean()) {
                byte[] value = new byte[random.nextInt(MAX_LENGTH)];
                random.nextBytes(value);
                metadata.put(Metadata.Key.of(name + "-bin", Metadata.BINARY_BYTE_MARSHALLER), value);
            } else {
                metadata.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), anyText(random));
            }
        }
        return metadata;
    }

    /** Spaces inside only: those at the ends are no part of a value (RFC 9110, section 5.5). */
    private static String anyText(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(MAX_LENGTH);
        for (int i = 0; i < length; i++) {
            text.append((char) (random.nextInt('~' - ' ' + 1) + ' '));
        }
        return text.toString().strip();
    }

    /** Each field of ours as text; in order by name and, of one name, in the order of the fields. */
    private static List<String> describe(Metadata metadata) {
        List<String> fields = new ArrayList<>();
        for (String name : metadata.keys().stream().sorted().toList()) {
            if (name.endsWith("-bin") && name.startsWith("x-")) {
                Iterable<byte[]> values = metadata.getAll(Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER));
                values.forEach(value -> fields.add(name + '=' + Arrays.toString(value)));
            } else if (name.startsWith("x-")) {
                Iterable<String> values = metadata.getAll(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
                values.forEach(value -> fields.add(name + '=' + value));
            }
        }
        return fields;
    }
}
