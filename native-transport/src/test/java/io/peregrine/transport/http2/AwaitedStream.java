package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.peregrine.allocation.Buffers;
import io.peregrine.transport.header.ResponseHeaders;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A unary call over a real socket: it completes with the response message, or with its failure. */
final class AwaitedStream extends TransportStream {
    private final CompletableFuture<byte[]> response = new CompletableFuture<>();
    private byte @Nullable [] message;

    private AwaitedStream(ByteBuf request, long deadlineNs) {
        super(null);
        prepare(ScriptedPeer.SAY_HELLO, request, deadlineNs, 8 << 20);
    }

    static AwaitedStream sending(byte[] payload) {
        return sending(payload, TransportStream.NO_DEADLINE);
    }

    static AwaitedStream sending(byte[] payload, long deadlineNs) {
        ByteBuf request = Buffers.allocator().directBuffer(5 + payload.length);
        request.writeByte(0).writeInt(payload.length).writeBytes(payload);
        return new AwaitedStream(request, deadlineNs);
    }

    /** The response message. */
    byte[] await() throws Exception {
        return response.get(60, TimeUnit.SECONDS);
    }

    /** How it failed. */
    StreamFailure awaitFailure(Duration limit) throws Exception {
        return response.handle((octets, failure) -> {
                    if (failure instanceof Failed failed) {
                        return failed.failure;
                    }
                    throw new AssertionError("outcome: " + (octets == null ? failure : "a message"));
                })
                .get(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Whether it ended, one way or the other, within the limit. */
    boolean isOver(Duration limit) throws Exception {
        return response.handle((octets, failure) -> true).get(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Gives up a stream that no transport accepted. */
    void discard() {
        request().release();
    }

    @Override
    protected boolean onHeaders(ResponseHeaders headers) {
        return true;
    }

    @Override
    protected void onMessage(ByteBuf received, boolean compressed) {
        byte[] octets = new byte[received.readableBytes()];
        received.readBytes(octets);
        message = octets;
    }

    @Override
    protected void onForeignBody(ByteBuf data) {
        throw new AssertionError("a foreign body (expected: gRPC messages)");
    }

    @Override
    protected void onTrailers(ResponseHeaders trailers, boolean trailersOnly) {
        request().release();
        response.complete(message == null ? new byte[0] : message);
    }

    @Override
    protected void onFailure(StreamFailure failure) {
        request().release();
        response.completeExceptionally(new Failed(failure));
    }

    private static final class Failed extends Exception {
        private static final long serialVersionUID = 1;

        private final transient StreamFailure failure;

        Failed(StreamFailure failure) {
            super(failure.message());
            this.failure = failure;
        }
    }
}
