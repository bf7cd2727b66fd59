package io.peregrine.client.internal;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Error;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshaller;
import io.peregrine.client.Marshallers;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.transport.header.ResponseHeaders;
import io.peregrine.transport.http2.StreamFailure;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a server's frames make of a unary call (SPEC CA-1, MS-5, MS-6, ST-1 to ST-9; HOSTILE.md 2.6). */
class AttemptTest {
    private static final ResponseHeaders GRPC = block(":status", "200", "content-type", "application/grpc");
    private static final ResponseHeaders OK = block("grpc-status", "0");
    private static final Metadata.Key<String> TEXT = Metadata.Key.of("x-text");
    private static final Metadata.Key<byte[]> BINARY = Metadata.Key.binary("x-bin");

    private final CallFixture fixture = new CallFixture();
    private final EndRecorder end = new EndRecorder();

    @AfterEach
    void endsOnceAndReleasesEverything() {
        fixture.transport.runCancels();
        assertThat(end.ends()).isEqualTo(1);
        fixture.assertAllReleased();
    }

    @Test
    void deliversTheMessageAndTheMetadataOfAnOkResponse() {
        Attempt<?> attempt = start();

        assertThat(attempt.onHeaders(
                        block(":status", "200", "content-type", "application/grpc+proto", "x-text", "head", "te", "t")))
                .isTrue();
        message(attempt, "reply", false);
        end(block("grpc-status", "0", "x-text", "tail"));

        assertThat(end.response()).isEqualTo("reply".getBytes(UTF_8));
        assertThat(end.events).containsExactly("headers", "success");
        assertThat(end.metadata.get(0)).hasToString("Metadata[x-text]");
        assertThat(end.metadata.get(0).get(TEXT)).isEqualTo("head");
        assertThat(end.metadata.get(1).get(TEXT)).isEqualTo("tail");
    }

    @Test
    void ca1OkWithoutAMessageIsInternal() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        end(OK);

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).contains("no message");
    }

    @Test
    void ca1ASecondMessageIsInternalAndResetsTheStream() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        message(attempt, "one", false);
        message(attempt, "two", false);
        message(attempt, "three", false);
        assertThat(fixture.transport.toCancel).containsExactly(attempt);
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).contains("more than one message");
    }

    @Test
    void aResetAndTrailersInTheSameReadEndTheCallOnce() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        message(attempt, "one", false);
        message(attempt, "two", false);
        end(OK);
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
    }

    @Test
    void ca1AnErrorStatusWinsOverAMessage() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        message(attempt, "one", false);
        end(block("grpc-status", "9", "grpc-message", "not%20now"));

        assertThat(end.status().code()).isEqualTo(StatusCode.FAILED_PRECONDITION);
        assertThat(end.status().message()).isEqualTo("not now");
    }

    @Test
    void ms5ACompressedMessageIsInternalWhenNoEncodingWasOffered() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        message(attempt, "zip", true);
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).contains("compressed");
    }

    @Test
    void ms6AMarshallerThatThrowsIsInternalWithItsCause() {
        IllegalStateException fault = new IllegalStateException("not a reply");
        Attempt<?> attempt = start(new Marshaller<>() {
            @Override
            public byte[] read(ByteBuf message) {
                throw fault;
            }

            @Override
            public int encodedSize(byte[] message) {
                return 0;
            }

            @Override
            public void write(byte[] message, ByteBuf out) {}
        });

        attempt.onHeaders(GRPC);
        message(attempt, "x", false);
        end(OK);

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).contains("unmarshalled").contains("not a reply");
        assertThat(end.failures.get(0)).hasCause(fault);
    }

    @Test
    void st1ATrailersOnlyResponseEndsTheCallWithItsStatus() {
        start();

        endTrailersOnly(
                block(":status", "200", "content-type", "application/grpc", "grpc-status", "5", "x-text", "why"));

        assertThat(end.status().code()).isEqualTo(StatusCode.NOT_FOUND);
        assertThat(end.metadata.get(0).get(TEXT)).isEqualTo("why");
        assertThat(end.events).containsExactly("failure");
    }

    @Test
    void st3MissingGrpcStatusIsUnknownNeverOk() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        message(attempt, "reply", false);
        end(block("x-text", "tail"));

        assertThat(end.status().code()).isEqualTo(StatusCode.UNKNOWN);
    }

    @Test
    void d25DataWithEndStreamIsInternalNeverOk() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        message(attempt, "reply", false);
        end(block());

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
    }

    @Test
    void st6AForeignResponseIsMappedAndItsBodyQuoted() {
        Attempt<?> attempt = start();

        assertThat(attempt.onHeaders(block(":status", "503", "content-type", "text/html")))
                .isFalse();
        foreignBody(attempt, "<h1>try ");
        foreignBody(attempt, "");
        assertThat(fixture.transport.toCancel).as("an empty frame ends nothing").isEmpty();
        foreignBody(attempt, "later</h1>");
        end(block());

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(end.status().message()).contains("HTTP status 503").endsWith("<h1>try later</h1>");
    }

    @Test
    void st6AForeignBodyIsQuotedUpToOneKibibyteAndThenReset() {
        Attempt<?> attempt = start();

        attempt.onHeaders(block(":status", "404"));
        foreignBody(attempt, "a".repeat(1000));
        assertThat(fixture.transport.toCancel).isEmpty();
        foreignBody(attempt, "b".repeat(1000));
        foreignBody(attempt, "c".repeat(1000));
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.UNIMPLEMENTED);
        assertThat(end.status().message()).endsWith("a".repeat(1000) + "b".repeat(24));
    }

    @Test
    void st6AForeignBodyThatNeverEndsKeepsItsStatusWhenTheDeadlinePasses() {
        Attempt<?> attempt = start();

        attempt.onHeaders(block(":status", "401"));
        foreignBody(attempt, "who?");
        fixture.transport.fail(StreamFailure.Kind.DEADLINE_EXCEEDED);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAUTHENTICATED);
    }

    @Test
    void st6AHeadersOnlyForeignResponseIsMapped() {
        start();

        endTrailersOnly(block(":status", "429", "content-type", "application/json"));

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void st5AGrpcStatusWithoutTheContentTypeOfGrpcIsNotBelieved() {
        start();

        endTrailersOnly(block(":status", "503", "content-type", "text/html", "grpc-status", "0"));

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void md3BadBase64InHeadersIsInternalForThisCallOnly() {
        Attempt<?> attempt = start();

        attempt.onHeaders(block(":status", "200", "content-type", "application/grpc", "x-bin", "!!!", "x-text", "a"));
        message(attempt, "reply", false);
        end(OK);

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).contains("x-bin").doesNotContain("!!!");
        assertThat(end.events).containsExactly("failure");
    }

    @Test
    void md3BadBase64InTrailersLeavesAnOkResponseAlone() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        message(attempt, "reply", false);
        end(block("grpc-status", "0", "x-bin", "%%%", "x-text", "tail"));

        assertThat(end.response()).isEqualTo("reply".getBytes(UTF_8));
        assertThat(end.metadata.get(0).get(BINARY)).isNull();
        assertThat(end.metadata.get(0).get(TEXT)).isEqualTo("tail");
    }

    @Test
    void md3BadBase64InTrailersLeavesAnErrorStatusAlone() {
        start();

        endTrailersOnly(
                block(":status", "200", "content-type", "application/grpc", "grpc-status", "5", "x-bin", "not base64"));

        assertThat(end.status().code()).isEqualTo(StatusCode.NOT_FOUND);
        assertThat(fixture.transport.toCancel).isEmpty();
    }

    @Test
    void dl4AServerCancelBeforeTheDeadlineIsCancelled() {
        start(CallOptions.deadlineAfter(Duration.ofMinutes(1)));

        fixture.transport.fail(StreamFailure.Kind.RESET, Http2Error.CANCEL.code());

        assertThat(end.status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void dl4AServerCancelAfterTheDeadlineIsDeadlineExceeded() {
        start(CallOptions.deadlineAfter(Duration.ofNanos(1)));

        fixture.transport.fail(StreamFailure.Kind.RESET, Http2Error.CANCEL.code());

        assertThat(end.status().code()).isEqualTo(StatusCode.DEADLINE_EXCEEDED);
    }

    @Test
    void st9AStatusThatCameBeatsALaterReset() {
        Attempt<?> attempt = start();

        attempt.onHeaders(GRPC);
        end(block("grpc-status", "3"));
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.INVALID_ARGUMENT);
    }

    @Test
    void namesTargetMethodAndPeerInTheFailure() {
        start();

        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(end.failures.get(0))
                .hasMessageStartingWith("UNAVAILABLE: failed: CONNECTION_LOST [target dns:///echo.test, method"
                        + " test.Echo/Say, peer " + fixture.transport.remoteAddress() + ", after ")
                .hasMessageEndingWith("; last connection error: the last connection failed]");
    }

    private Attempt<?> start() {
        return start(CallOptions.DEFAULT);
    }

    private Attempt<?> start(CallOptions options) {
        fixture.call(options, end).start(CallFixture.REQUEST);
        return fixture.transport.last();
    }

    private Attempt<?> start(Marshaller<byte[]> responseMarshaller) {
        new CallbackCall<>(
                        fixture.dispatcher,
                        CallFixture.method(Marshallers.bytes(), responseMarshaller),
                        CallOptions.DEFAULT,
                        end)
                .start(CallFixture.REQUEST);
        return fixture.transport.last();
    }

    private void end(ResponseHeaders trailers) {
        fixture.transport.take().onTrailers(trailers, false);
    }

    private void endTrailersOnly(ResponseHeaders trailers) {
        fixture.transport.take().onTrailers(trailers, true);
    }

    private static void message(Attempt<?> attempt, String text, boolean compressed) {
        ByteBuf message = Unpooled.copiedBuffer(text, UTF_8);
        attempt.onMessage(message, compressed);
        message.release();
    }

    private static void foreignBody(Attempt<?> attempt, String text) {
        ByteBuf data = Unpooled.copiedBuffer(text, UTF_8);
        attempt.onForeignBody(data);
        data.release();
    }
}
