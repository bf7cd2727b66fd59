package io.peregrine.load.serve;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * One request and its answer, confined to the connection's event loop and reused after it closes.
 *
 * <p>A stream is in at most one queue at a time (delayed, or blocked by flow control); while it is in one it
 * is not reused, even when it is closed meanwhile. {@link #body} holds the request until it is complete and
 * the answer afterwards, from {@link #bodyIndex} to {@link #bodyEnd}; {@link #lifetime} says who releases it.
 */
final class ServerStream {
    final ReceiveWindow receiveWindow = new ReceiveWindow();
    int id;
    int sendWindow;

    @Nullable
    ByteBuf body;

    BodyLifetime lifetime = BodyLifetime.SHARED;
    int bodyIndex;
    int bodyEnd;
    boolean answering;
    boolean headersSent;
    boolean closed;
    boolean queued;
    long dueNs;

    void open(int streamId, int initialSendWindow, int initialReceiveWindow) {
        assert !queued && body == null : "stream: " + id + " reused while in use";
        id = streamId;
        sendWindow = initialSendWindow;
        receiveWindow.open(initialReceiveWindow);
        answering = false;
        headersSent = false;
        closed = false;
    }

    /** Gathers a part of the request; {@code expectedBytes} sizes the buffer when it is the first part. */
    void gather(ByteBufAllocator alloc, ByteBuf part, int expectedBytes) {
        if (body == null) {
            body = alloc.directBuffer(expectedBytes);
            lifetime = BodyLifetime.OWNED;
        }
        body.writeBytes(part, part.readerIndex(), part.readableBytes());
    }

    /** Answers with the gathered request. */
    void answerWithGathered() {
        ByteBuf gathered = body();
        assert lifetime == BodyLifetime.OWNED : "stream: " + id + ", nothing gathered";
        bodyIndex = gathered.readerIndex();
        bodyEnd = gathered.writerIndex();
    }

    /** Answers with all readable bytes of {@code source} in place of what was gathered. */
    void answerWith(ByteBuf source, BodyLifetime sourceLifetime) {
        releaseBody();
        body = source;
        lifetime = sourceLifetime;
        bodyIndex = source.readerIndex();
        bodyEnd = source.writerIndex();
    }

    /** Copies what is left of a borrowed body, for an answer that outlives the read that brought it. */
    void keepBody(ByteBufAllocator alloc) {
        if (lifetime != BodyLifetime.BORROWED || body == null) {
            return;
        }
        ByteBuf rest = alloc.directBuffer(remaining()).writeBytes(body, bodyIndex, remaining());
        body = rest;
        lifetime = BodyLifetime.OWNED;
        bodyIndex = 0;
        bodyEnd = rest.writerIndex();
    }

    /** The body, which must be there. */
    ByteBuf body() {
        if (body == null) {
            throw new IllegalStateException("stream: " + id + " (expected: a request or an answer in hand)");
        }
        return body;
    }

    int remaining() {
        return bodyEnd - bodyIndex;
    }

    void releaseBody() {
        if (lifetime == BodyLifetime.OWNED && body != null) {
            body.release();
        }
        body = null;
        bodyIndex = 0;
        bodyEnd = 0;
    }

    /** Who releases a body. */
    enum BodyLifetime {
        /** The stream, when it closes. */
        OWNED,
        /** The read that is being processed; gone when it returns. */
        BORROWED,
        /** Nobody before the server stops: the same answer for every request. */
        SHARED
    }
}
