package io.peregrine.client.internal;

import static io.peregrine.transport.header.HeaderBlocks.block;
import static io.peregrine.transport.header.HeaderBlocks.linesOf;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.peregrine.client.CallOptions;
import io.peregrine.client.StatusCode;
import io.peregrine.client.compression.Codecs;
import io.peregrine.transport.header.ResponseHeaders;
import io.peregrine.transport.http2.StreamAccess;
import io.peregrine.transport.http2.StreamFailure;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Unary calls that compress, and those whose server does (SPEC MS-2 to MS-5, MD-6). */
class CompressedCallTest {
    private static final CallOptions GZIP = CallOptions.DEFAULT.withCompressor("gzip");
    private static final ResponseHeaders OK = block("grpc-status", "0");
    private static final byte[] REPLY = "reply, reply, reply, reply".getBytes(UTF_8);

    private final CallFixture fixture = new CallFixture();

    @AfterEach
    void endsOnceAndReleasesEverything() {
        fixture.transport.runCancels();
        fixture.assertAllReleased();
    }

    @Test
    void ms3SaysHowTheRequestIsCompressedAndWhatTheResponseMayBe() throws IOException {
        EndRecorder end = fixture.start(GZIP);

        Attempt<?> attempt = fixture.transport.last();
        assertThat(linesOf(StreamAccess.template(attempt)))
                .endsWith("te: trailers", "grpc-encoding: gzip", "grpc-accept-encoding: gzip");
        ByteBuf request = StreamAccess.request(attempt).duplicate();
        assertThat(request.readByte()).isEqualTo((byte) 1);
        assertThat(request.readInt()).isEqualTo(request.readableBytes());
        ByteBuf plain = Unpooled.buffer();
        Codecs.gzip().decompress(request, plain, 100);
        assertThat(ByteBufUtil.getBytes(plain)).isEqualTo(CallFixture.REQUEST);
        plain.release();
        answer(end, "gzip", REPLY, false);
        assertThat(end.response()).isEqualTo(REPLY);
    }

    @Test
    void aCallWithoutACompressorSendsItsMessageAsItIs() throws IOException {
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withCompressor("identity"));

        Attempt<?> attempt = fixture.transport.last();
        assertThat(linesOf(StreamAccess.template(attempt))).endsWith("te: trailers", "grpc-accept-encoding: gzip");
        assertThat(StreamAccess.request(attempt).getByte(0)).isZero();
        answer(end, "gzip", compressed(REPLY), true);
        assertThat(end.response()).as("the server may compress all the same").isEqualTo(REPLY);
    }

    @Test
    void ms4ACompressorThatIsNotInstalledIsInternalAndNothingIsSent() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withCompressor("zstd"));

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).isEqualTo("compressor: \"zstd\" (expected one of: identity, gzip)");
        assertThat(fixture.transport.started).isEmpty();
    }

    @Test
    void anIllegalAuthorityIsInternalAndNothingIsSent() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT.withAuthority("a b"));

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).startsWith("the call's authority: \"a b\"");
        assertThat(fixture.transport.started).isEmpty();
    }

    @Test
    void ms5AnUnknownEncodingIsInternalAtTheHeaders() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        Attempt<?> attempt = fixture.transport.last();
        attempt.onHeaders(block(":status", "200", "content-type", "application/grpc", "grpc-encoding", "snappy"));
        assertThat(fixture.transport.toCancel).containsExactly(attempt);
        fixture.transport.runCancels();

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message())
                .isEqualTo("grpc-encoding of the response: \"snappy\" (expected one of: identity, gzip)");
    }

    @Test
    void ms5WhatCannotBeDecompressedIsInternal() {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        answer(end, "gzip", REPLY, true);

        assertThat(end.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(end.status().message()).contains("cannot be decompressed").contains("magic number");
    }

    @Test
    void ms7AConnectionThatDiesBehindACompleteMessageIsUnavailable() throws IOException {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        Attempt<?> attempt = fixture.transport.last();
        attempt.onHeaders(block(":status", "200", "content-type", "application/grpc", "grpc-encoding", "gzip"));
        StreamAccess.beginResponse(attempt);
        ByteBuf borrowed = Unpooled.copiedBuffer(compressed(REPLY));
        attempt.onMessage(borrowed, true);
        borrowed.release();
        fixture.transport.fail(StreamFailure.Kind.CONNECTION_LOST);

        assertThat(end.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
    }

    @Test
    void ms2ABombIsResourceExhausted() throws IOException {
        EndRecorder end = fixture.start(CallOptions.DEFAULT);

        answer(end, "gzip", compressed(new byte[2 << 20]), true);

        assertThat(end.status().code()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED);
        assertThat(end.status().message()).contains("exceeds maximum size of 1048576 bytes");
    }

    private void answer(EndRecorder end, String encoding, byte[] message, boolean compressed) {
        Attempt<?> attempt = fixture.transport.last();
        attempt.onHeaders(block(":status", "200", "content-type", "application/grpc", "grpc-encoding", encoding));
        ByteBuf borrowed = Unpooled.copiedBuffer(message);
        attempt.onMessage(borrowed, compressed);
        borrowed.release();
        fixture.transport.take().onTrailers(OK, false);
        assertThat(end.ends()).isEqualTo(1);
    }

    private static byte[] compressed(byte[] plain) throws IOException {
        ByteBuf out = Unpooled.buffer();
        Codecs.gzip().compress(Unpooled.wrappedBuffer(plain), out);
        byte[] bytes = ByteBufUtil.getBytes(out);
        out.release();
        return bytes;
    }
}
