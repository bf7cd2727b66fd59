package io.peregrine.transport.http2;

import static io.peregrine.transport.http2.Frames.CONTINUATION;
import static io.peregrine.transport.http2.Frames.DATA;
import static io.peregrine.transport.http2.Frames.END_HEADERS;
import static io.peregrine.transport.http2.Frames.END_STREAM;
import static io.peregrine.transport.http2.Frames.HEADERS;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a client wrote, cut into frames and told one line for each, with header blocks decoded by Netty. It holds the
 * client to the windows that the peer granted (RFC 9113 §6.9).
 */
final class ReceivedFrames {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(UTF_8);

    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(true, 1 << 20);
    private final List<String> lines = new ArrayList<>();
    private final Map<Integer, ByteArrayOutputStream> bodies = new HashMap<>();
    private final Map<Integer, Http2Headers> requests = new HashMap<>();
    private final Map<Integer, Long> streamWindows = new HashMap<>();
    private final Map<Integer, Long> grantedBytes = new HashMap<>();
    private final ByteArrayOutputStream headerBlock = new ByteArrayOutputStream();
    private long connectionWindow = 65_535;
    private long initialWindow = 65_535;
    private long maxFrameBytes = 16_384;
    private int openHeadersStream;
    private boolean prefaceSeen;
    private boolean lost;

    /** Takes the lines told since the last call. */
    List<String> take() {
        List<String> taken = List.copyOf(lines);
        lines.clear();
        return taken;
    }

    Http2Headers request(int streamId) {
        return Objects.requireNonNull(requests.get(streamId), "no request on this stream");
    }

    byte[] body(int streamId) {
        return bodies.getOrDefault(streamId, new ByteArrayOutputStream()).toByteArray();
    }

    /** The sum of the WINDOW_UPDATEs for a stream, or for the connection (0). */
    long grantedBytes(int streamId) {
        return grantedBytes.getOrDefault(streamId, 0L);
    }

    long connectionWindow() {
        return connectionWindow;
    }

    long streamWindow(int streamId) {
        return streamWindows.getOrDefault(streamId, initialWindow);
    }

    /** The peer is about to send SETTINGS. */
    void onSettingsSent(int id, long value) throws Http2Exception {
        switch (id) {
            case Frames.INITIAL_WINDOW_SIZE -> {
                long delta = value - initialWindow;
                initialWindow = value;
                streamWindows.replaceAll((stream, window) -> window + delta);
            }
            case Frames.MAX_FRAME_SIZE -> maxFrameBytes = Math.max(value, 16_384);
            case Frames.HEADER_TABLE_SIZE -> decoder.maxHeaderTableSize(Math.min(value, 1 << 20));
            default -> {}
        }
    }

    /** The peer is about to send WINDOW_UPDATE. */
    void onWindowUpdateSent(int streamId, int increment) {
        if (streamId == 0) {
            connectionWindow += increment;
        } else {
            streamWindows.merge(streamId, (long) increment, Long::sum);
        }
    }

    /** Reads nothing more: what comes was written before or after the peer's last words, and nobody knows which. */
    void loseTrack() {
        lost = true;
    }

    /** Takes what was flushed together: whole frames. */
    void read(ByteBuf flushed) throws Http2Exception {
        if (lost) {
            flushed.skipBytes(flushed.readableBytes());
        }
        if (!prefaceSeen && flushed.isReadable()) {
            byte[] preface = new byte[PREFACE.length];
            flushed.readBytes(preface);
            assertThat(preface).isEqualTo(PREFACE);
            prefaceSeen = true;
            lines.add("PREFACE");
        }
        while (flushed.isReadable()) {
            int length = flushed.readUnsignedMedium();
            int type = flushed.readUnsignedByte();
            int flags = flushed.readUnsignedByte();
            int streamId = flushed.readInt();
            byte[] payload = new byte[length];
            flushed.readBytes(payload);
            assertThat((long) length).as("length of a frame").isLessThanOrEqualTo(maxFrameBytes);
            assertThat(openHeadersStream == 0 || (type == CONTINUATION && streamId == openHeadersStream))
                    .as("frame of type %d on stream %d within a header block", type, streamId)
                    .isTrue();
            lines.add(describe(type, flags, streamId, payload));
        }
    }

    private String describe(int type, int flags, int streamId, byte[] payload) throws Http2Exception {
        ByteBuf in = Unpooled.wrappedBuffer(payload);
        return switch (type) {
            case DATA -> data(flags, streamId, payload);
            case HEADERS, CONTINUATION -> headers(type, flags, streamId, payload);
            case Frames.RST_STREAM -> "RST_STREAM " + streamId + ' ' + error(in.readInt());
            case Frames.SETTINGS -> (flags & Frames.ACK) != 0 ? "SETTINGS ACK" : "SETTINGS " + settings(in);
            case Frames.PING -> "PING " + ((flags & Frames.ACK) != 0 ? "ACK " : "") + ByteBufUtil.hexDump(payload);
            case Frames.GO_AWAY ->
                "GOAWAY " + in.readInt() + ' ' + error(in.readInt())
                        + (in.isReadable() ? " " + in.toString(UTF_8) : "");
            case Frames.WINDOW_UPDATE -> windowUpdate(streamId, in.readInt());
            default -> throw new AssertionError("type: " + type + " (expected: one that a client sends)");
        };
    }

    private String data(int flags, int streamId, byte[] payload) {
        assertThat(requests).as("HEADERS before DATA").containsKey(streamId);
        connectionWindow -= payload.length;
        streamWindows.merge(streamId, (long) -payload.length, Long::sum);
        if (payload.length > 0) {
            assertThat(connectionWindow).as("connection window after DATA").isNotNegative();
            assertThat(streamWindow(streamId)).as("stream window after DATA").isNotNegative();
        }
        bodies.computeIfAbsent(streamId, id -> new ByteArrayOutputStream()).writeBytes(payload);
        return "DATA " + streamId + ' ' + payload.length + ((flags & END_STREAM) != 0 ? " END_STREAM" : "");
    }

    private String headers(int type, int flags, int streamId, byte[] payload) throws Http2Exception {
        headerBlock.writeBytes(payload);
        openHeadersStream = streamId;
        if ((flags & END_HEADERS) != 0) {
            requests.put(streamId, decoder.decodeHeaders(streamId, Unpooled.wrappedBuffer(headerBlock.toByteArray())));
            headerBlock.reset();
            openHeadersStream = 0;
            streamWindows.putIfAbsent(streamId, initialWindow);
        }
        return (type == HEADERS ? "HEADERS " : "CONTINUATION ") + streamId;
    }

    private String windowUpdate(int streamId, int increment) {
        assertThat(increment).as("increment of WINDOW_UPDATE").isPositive();
        grantedBytes.merge(streamId, (long) increment, Long::sum);
        return "WINDOW_UPDATE " + streamId + ' ' + increment;
    }

    private static String settings(ByteBuf in) {
        StringBuilder text = new StringBuilder();
        while (in.isReadable()) {
            text.append(text.isEmpty() ? "" : ", ").append(in.readUnsignedShort());
            text.append('=').append(in.readUnsignedInt());
        }
        return text.toString();
    }

    private static String error(int code) {
        return String.valueOf(Http2Error.valueOf(code));
    }
}
