package io.peregrine.transport.http2;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.peregrine.transport.header.HeaderFields;
import io.peregrine.transport.header.RequestHeaders;
import io.peregrine.transport.header.ResponseHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A stream that writes down what it is told, and owns its request as the layer above would. */
final class RecordedStream extends TransportStream {
    private static final AsciiString CONTENT_TYPE = AsciiString.cached("content-type");

    private final List<String> events = new ArrayList<>();
    private final List<byte[]> messages = new ArrayList<>();
    private Runnable onHeaders = () -> {};
    private Runnable onMessage = () -> {};
    private Runnable onWritable = () -> {};
    private Runnable onEnd = () -> {};
    private @Nullable StreamFailure failure;
    private int ends;
    private boolean released;

    RecordedStream(
            RequestHeaders headers,
            @Nullable HeaderFields fields,
            ByteBuf request,
            long deadlineNs,
            int maxInboundMessageBytes) {
        super(null);
        prepare(headers, request, deadlineNs, maxInboundMessageBytes);
        requestFields(fields);
    }

    /** With a pipe to send from and to ask for messages. */
    RecordedStream(RequestHeaders headers, MessagePipe pipe, long deadlineNs, int maxInboundMessageBytes) {
        super(pipe);
        prepare(headers, Unpooled.EMPTY_BUFFER, deadlineNs, maxInboundMessageBytes);
    }

    /** The pipe of a stream that has one. */
    MessagePipe messagePipe() {
        return Objects.requireNonNull(pipe(), "a stream without a pipe");
    }

    /** What was reported so far, one line for each callback. */
    List<String> events() {
        return events;
    }

    /** The messages received, byte for byte. */
    List<byte[]> messages() {
        return messages;
    }

    /** How it failed; an assertion error if it did not. */
    StreamFailure failure() {
        StreamFailure found = failure;
        if (found == null) {
            throw new AssertionError("failure: none, events: " + events + " (expected: a failure)");
        }
        return found;
    }

    int ends() {
        return ends;
    }

    boolean hasEnded() {
        return ends > 0;
    }

    void onHeadersRun(Runnable action) {
        onHeaders = action;
    }

    void onMessageRun(Runnable action) {
        onMessage = action;
    }

    void onWritableRun(Runnable action) {
        onWritable = action;
    }

    void onEndRun(Runnable action) {
        onEnd = action;
    }

    /** Releases the request, of which the transport must hold nothing any more; returns the references it had. */
    int releaseRequest() {
        int references = request().refCnt();
        if (!released) {
            released = true;
            request().release(references);
        }
        return references;
    }

    @Override
    protected boolean onHeaders(ResponseHeaders headers) {
        record("headers " + show(headers));
        onHeaders.run();
        return "application/grpc".contentEquals(String.valueOf(headers.find(CONTENT_TYPE)));
    }

    @Override
    protected void onMessage(ByteBuf message, boolean compressed) {
        byte[] octets = new byte[message.readableBytes()];
        message.readBytes(octets);
        messages.add(octets);
        record("message " + (octets.length <= 32 ? new String(octets, UTF_8) : octets.length + " bytes")
                + (compressed ? " compressed" : ""));
        onMessage.run();
    }

    @Override
    protected void onForeignBody(ByteBuf data) {
        record("body " + data.toString(UTF_8));
    }

    @Override
    protected void onWritable() {
        record("writable");
        onWritable.run();
    }

    @Override
    protected void onTrailers(ResponseHeaders trailers, boolean trailersOnly) {
        record((trailersOnly ? "trailers-only " : "trailers ") + show(trailers));
        ends++;
        onEnd.run();
    }

    @Override
    protected void onFailure(StreamFailure reported) {
        record("failure " + reported.kind());
        failure = reported;
        ends++;
        onEnd.run();
    }

    private void record(String event) {
        events.add(hasEnded() ? "AFTER THE END: " + event : event);
    }

    private static String show(ResponseHeaders headers) {
        List<String> fields = new ArrayList<>();
        for (int i = 0; i < headers.size(); i++) {
            fields.add(headers.name(i) + "=" + headers.value(i));
        }
        return String.join(", ", fields);
    }
}
