package io.peregrine.client.hostile;

import static io.peregrine.client.hostile.HostileStream.GRPC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientStream;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.MethodType;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.report.Wait;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What calls with streams put on the wire, and how their own side ends them (SPEC CA-2 to CA-4, DL-*, MS-*). */
class StreamCallsIT {
    private static final int MAX_CONCURRENT_STREAMS = 3;
    private static final int CANCEL = 8;
    private static final CallOptions OPTIONS = RecordedCall.OPTIONS;
    private static final CallOptions SHORT = CallOptions.deadlineAfter(Duration.ofMillis(500));
    private static final byte[] MESSAGE = {1, 2, 3};

    private final BlockingQueue<byte[]> data = new LinkedBlockingQueue<>();

    @SuppressWarnings("NullAway.Init") // by start
    private HostileServer server;

    @SuppressWarnings("NullAway.Init") // by start
    private ClientConn conn;

    @AfterEach
    void stop() throws Exception {
        conn.close();
        server.close();
    }

    // ---- Cardinality -----------------------------------------------------------------------------------------

    @Test
    void ca2TheOnlyRequestAndTheEndOfTheRequestsAreOneFrame() throws Exception {
        start(echoing());
        for (int i = 0; i < 100; i++) {
            RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.SERVER_STREAMING, OPTIONS);
            call.call().trySend(MESSAGE);

            assertThat(call.messages()).hasSize(1);
            assertThat(data).as("DATA frames of call %d", i).hasSize(1);
            data.clear();
        }
    }

    @Test
    void ca3AMessageBehindTheEndOfTheRequestsIsACallersFaultAndHarmsNothing() throws Exception {
        start(echoing());
        RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);
        call.call().trySend(MESSAGE);
        call.call().closeSend();

        assertThatIllegalStateException()
                .isThrownBy(() -> call.call().trySend(MESSAGE))
                .withMessageContaining("test.Hostile/Call")
                .withMessageContaining("closeSend");
        assertThatIllegalStateException().isThrownBy(() -> call.call().closeSend());

        assertThat(call.code()).isEqualTo(StatusCode.OK);
        assertThat(call.messages()).containsExactly(MESSAGE);
    }

    @Test
    void ca3ASecondRequestOfAMethodThatHasOneIsACallersFault() throws Exception {
        start(echoing());
        RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.SERVER_STREAMING, OPTIONS);
        call.call().trySend(MESSAGE);

        assertThatIllegalStateException().isThrownBy(() -> call.call().trySend(MESSAGE));

        assertThat(call.code()).isEqualTo(StatusCode.OK);
    }

    @Test
    void ca4TrailersBeforeTheEndOfTheRequestsEndTheCallAtOnce() throws Exception {
        start(answering(stream -> stream.trailers(error("8", "quota"))));
        RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);

        assertThat(call.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
        assertThat(server.connection(1).awaitReset(1)).as("NO_ERROR").isZero();
        assertThat(call.call().trySend(MESSAGE)).as("taken, and dropped").isTrue();
        call.call().closeSend();
        call.assertEndedOnce();
        assertThat(data).isEmpty();
    }

    @Test
    void ca4OkBeforeTheEndOfTheRequestsIsOk() throws Exception {
        start(answering(stream -> {
            stream.headers();
            stream.message(MESSAGE);
            stream.ok();
        }));
        RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.CLIENT_STREAMING, OPTIONS);

        assertThat(call.code()).isEqualTo(StatusCode.OK);
        assertThat(call.messages()).containsExactly(MESSAGE);
        assertThat(server.connection(1).awaitReset(1)).as("NO_ERROR").isZero();
    }

    // ---- Deadlines and cancellation --------------------------------------------------------------------------

    @Test
    void dl1ADeadlineThatHasPassedSendsNothing() throws Exception {
        start(echoing());
        CallOptions past = CallOptions.deadlineAfter(Duration.ofNanos(-1));

        assertThat(RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, past)
                        .code())
                .isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(RecordedCall.start(conn, past).code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);

        assertThat(server.requests()).isZero();
    }

    /** The server never learns of the end but by a reset. */
    @Test
    void dl4OurTimerEndsAStreamThatTheServerLeavesOpenAndResetsIt() throws Exception {
        start(answering(HostileStream::headers));
        RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, SHORT);

        assertThat(call.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(server.connection(1).awaitReset(1)).isEqualTo(CANCEL);
        call.assertEndedOnce();
    }

    @Test
    void dl3ALocalDeadlineIsNeverRetriedAndAServersIs() throws Exception {
        start(answering(stream -> {
            if (stream.number() > 2) {
                stream.trailers(error("4", "theirs"));
            }
        }));
        RetryPolicy policy = RetryPolicy.immediate().maxAttempts(2).on(StatusCode.DEADLINE_EXCEEDED);

        RecordedStreamCall stream = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, SHORT.withRetry(policy));
        assertThat(stream.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(stream.report().attempts())
                .filteredOn(attempt -> attempt.peer() != null)
                .hasSize(1);
        RecordedCall unary = RecordedCall.start(conn, SHORT.withRetry(policy));
        assertThat(unary.code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
        assertThat(server.requests()).as("one for each call").isEqualTo(2);

        RecordedCall theirs = RecordedCall.start(conn, OPTIONS.withRetry(policy));
        assertThat(theirs.message()).contains("theirs");
        assertThat(server.requests()).as("and two for the last").isEqualTo(4);
    }

    @Test
    void dl5ADeadlineTellsWhatTheCallWaitedForAndWhereItWas() throws Exception {
        listen(answering(stream -> {}));
        Duration enoughToConnect = Duration.ofSeconds(2);
        RecordedStreamCall call =
                RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, CallOptions.deadlineAfter(enoughToConnect));

        assertThat(call.report().elapsed()).isGreaterThanOrEqualTo(enoughToConnect);
        assertThat(call.report().attempts()).last().satisfies(attempt -> {
            assertThat(attempt.peer()).isEqualTo(server.address());
            assertThat(attempt.waits()).extracting(Wait::reason).endsWith(Wait.Reason.FIRST_BYTE);
        });
        // The first wait of a channel may be over before the call has its config, as an attempt of its own.
        assertThat(call.report().attempts().stream()
                        .flatMap(attempt -> attempt.waits().stream())
                        .map(Wait::reason))
                .containsAnyOf(Wait.Reason.RESOLVER, Wait.Reason.PICKER);
        assertThat(call.failure())
                .hasMessageContaining("deadline exceeded")
                .hasMessageContaining(server.target())
                .hasMessageContaining("for the response");
    }

    @Test
    void dl6ACancelResetsTheStreamAndKeepsItsCause() throws Exception {
        start(answering(HostileStream::headers));
        RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);
        server.awaitRequests(1);
        IllegalStateException cause = new IllegalStateException("no more");

        call.call().cancel("the user left", cause);
        call.call().cancel("again", null);
        call.call().cancel();

        assertThat(call.code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(call.failure()).hasMessageContaining("the user left").hasCause(cause);
        assertThat(server.connection(1).awaitReset(1)).isEqualTo(CANCEL);
        call.assertEndedOnce();
    }

    @Test
    void dl6ACancelOfACallThatWaitsForAStreamSendsNothing() throws Exception {
        start(new HostileServer.Script() {
            @Override
            public void onPreface(HostileConnection connection) throws IOException {
                connection.settings(MAX_CONCURRENT_STREAMS, 0);
                connection.settingsAck();
            }

            @Override
            public void onRequest(HostileStream stream) {
                throw new AssertionError("a request");
            }
        });
        RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS);
        call.call().trySend(MESSAGE);
        server.connection(1).awaitSettingsAcks(1);

        call.call().cancel();

        assertThat(call.code()).isEqualTo(StatusCode.CANCELLED);
        server.connection(1).ping();
        server.connection(1).awaitPingAcks(1);
        assertThat(server.requests()).isZero();
        assertThat(server.connection(1).resets()).isZero();
    }

    /** A server that begins its response without metadata, and then waits for the first message. */
    @Test
    void headersReturnWhenTheResponseBeginsWithoutMetadata() throws Exception {
        start(new HostileServer.Script() {
            @Override
            public void onHeaders(HostileStream stream) throws IOException {
                stream.headers();
            }

            @Override
            public void onRequest(HostileStream stream) throws IOException {
                stream.ok();
            }
        });

        try (ClientStream<byte[], byte[]> stream = conn.newStream(
                MethodDescriptor.bidiStreaming("test.Hostile/Chat", Marshallers.bytes(), Marshallers.bytes()),
                OPTIONS)) {
            assertThat(stream.headers()).isSameAs(Metadata.EMPTY);
            stream.closeSend();
            assertThat(stream.receive()).isNull();
        }
    }

    // ---- Messages --------------------------------------------------------------------------------------------

    @Test
    void ms2AMessageOverTheLimitEndsTheCallAndIsNotSent() throws Exception {
        start(answering(HostileStream::headers));
        RecordedStreamCall call =
                RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS.withMaxOutboundMessageBytes(2));
        server.awaitRequests(1);

        call.call().trySend(MESSAGE);

        assertThat(call.code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
        assertThat(call.failure()).hasMessageContaining("message of 3 bytes is over the limit of 2 bytes");
        assertThat(server.connection(1).awaitReset(1)).isEqualTo(CANCEL);
        assertThat(data).isEmpty();
    }

    @Test
    void ms4EmptyMessagesAndThoseOfACallThatSwitchedItOffGoUncompressed() throws Exception {
        start(answering(HostileStream::headers));
        RecordedStreamCall call =
                RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS.withCompressor("gzip"));

        call.call().trySend(MESSAGE);
        assertThat(nextData()).startsWith(1);
        call.call().trySend(new byte[0]);
        assertThat(nextData()).containsExactly(0, 0, 0, 0, 0);
        call.call().compress(false);
        call.call().trySend(MESSAGE);
        assertThat(nextData()).containsExactly(0, 0, 0, 0, 3, 1, 2, 3);
        call.call().compress(true);
        call.call().trySend(MESSAGE);
        assertThat(nextData()).startsWith(1);
        call.call().cancel();
    }

    @Test
    void ms4ACompressorThatIsNotInstalledIsInternalAndNothingIsSent() throws Exception {
        start(echoing());

        RecordedStreamCall call =
                RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, OPTIONS.withCompressor("snappy"));

        assertThat(call.code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(call.failure()).hasMessageContaining("snappy");
        assertThat(server.requests()).isZero();
    }

    @Test
    void ms6AMarshallerThatThrowsEndsItsStream() throws Exception {
        start(answering(HostileStream::headers));
        IllegalStateException fault = new IllegalStateException("not a request");
        Marshaller<byte[]> broken = new Marshaller<>() {
            @Override
            public int encodedSize(byte[] message) {
                throw fault;
            }

            @Override
            public void write(byte[] message, ByteBuf out) {}

            @Override
            public byte[] read(ByteBuf message) {
                return MESSAGE;
            }
        };
        RecordedStreamCall call = RecordedStreamCall.start(conn, MethodType.BIDI_STREAMING, broken, OPTIONS);
        server.awaitRequests(1);

        call.call().trySend(MESSAGE);

        assertThat(call.code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(call.failure()).hasCause(fault);
        assertThat(server.connection(1).awaitReset(1)).isEqualTo(CANCEL);
    }

    @Test
    void ms6AResponseThatCannotBeReadEndsItsStream() throws Exception {
        start(answering(stream -> {
            stream.headers();
            stream.message(MESSAGE);
        }));
        IllegalStateException fault = new IllegalStateException("not a response");

        RecordedStreamCall call = RecordedStreamCall.startReading(conn, new Marshaller<>() {
            @Override
            public int encodedSize(byte[] message) {
                return Marshallers.bytes().encodedSize(message);
            }

            @Override
            public void write(byte[] message, ByteBuf out) {
                Marshallers.bytes().write(message, out);
            }

            @Override
            public byte[] read(ByteBuf message) {
                throw fault;
            }
        });

        assertThat(call.code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(call.failure()).hasCause(fault);
        assertThat(server.connection(1).awaitReset(1)).isEqualTo(CANCEL);
    }

    // ---- Servers ---------------------------------------------------------------------------------------------

    private interface Answer {
        void to(HostileStream stream) throws IOException;
    }

    /** Connects too, so that no deadline passes before. */
    private void start(HostileServer.Script script) throws Exception {
        listen(script);
        assertThat(conn.awaitReady(Duration.ofSeconds(20))).isTrue();
    }

    private void listen(HostileServer.Script script) throws IOException {
        server = HostileServer.start(script);
        conn = ClientConn.builder(server.target())
                .credentials(InsecureCredentials.create())
                .build();
    }

    /** Notes DATA, and answers each stream as soon as it begins. */
    private HostileServer.Script answering(Answer answer) {
        return new HostileServer.Script() {
            @Override
            public void onHeaders(HostileStream stream) throws IOException {
                answer.to(stream);
            }

            @Override
            public void onData(HostileStream stream, int bytes) {
                data.add(stream.lastData());
            }

            @Override
            public void onRequest(HostileStream stream) {
                // It has its answer.
            }
        };
    }

    /** Notes DATA, and answers each stream when its requests end. */
    private HostileServer.Script echoing() {
        return new HostileServer.Script() {
            @Override
            public void onData(HostileStream stream, int bytes) {
                data.add(stream.lastData());
            }

            @Override
            public void onRequest(HostileStream stream) throws IOException {
                stream.echo();
            }
        };
    }

    private byte[] nextData() throws InterruptedException {
        byte[] next = data.poll(20, TimeUnit.SECONDS);
        assertThat(next).as("DATA").isNotNull();
        return next;
    }

    private static String[] error(String status, String message) {
        List<String> more = List.of("grpc-status", status, "grpc-message", message);
        String[] all = Arrays.copyOf(GRPC, GRPC.length + more.size());
        for (int i = 0; i < more.size(); i++) {
            all[GRPC.length + i] = more.get(i);
        }
        return all;
    }
}
