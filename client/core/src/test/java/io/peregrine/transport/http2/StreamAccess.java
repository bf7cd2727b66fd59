package io.peregrine.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.peregrine.transport.header.HeaderFields;
import io.peregrine.transport.header.RequestHeaders;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a transport knows of a stream and does to it, for tests of the layers above. */
public final class StreamAccess {
    private StreamAccess() {}

    /** What the stream sends. */
    public static ByteBuf request(TransportStream stream) {
        return stream.request();
    }

    /** The header fields of its request that all calls of its kind share. */
    public static RequestHeaders template(TransportStream stream) {
        return stream.requestHeaders();
    }

    /** The header fields of its own; null for none. */
    public static @Nullable HeaderFields fields(TransportStream stream) {
        return stream.requestFields();
    }

    /** Its deadline. */
    public static long deadlineNs(TransportStream stream) {
        return stream.deadlineNs();
    }

    /** Takes what is in the pipe of the stream, each message with its prefix, as if it were written. */
    public static List<byte[]> takeMessages(TransportStream stream) {
        MessagePipe pipe = stream.pipe();
        List<byte[]> taken = new ArrayList<>();
        if (pipe == null) {
            return taken;
        }
        pipe.onSignalTaken();
        for (ByteBuf message = pipe.poll(); message != null; message = pipe.poll()) {
            byte[] bytes = ByteBufUtil.getBytes(message);
            message.release();
            taken.add(bytes);
            if (pipe.onWritten(bytes.length)) {
                stream.onWritable();
            }
        }
        return taken;
    }

    /** Whether the request has ended, and all of it was taken. */
    public static boolean isRequestTaken(TransportStream stream) {
        MessagePipe pipe = stream.pipe();
        return pipe == null || pipe.isDrained();
    }

    /** How many messages were asked for since the last time. */
    public static int takeDemand(TransportStream stream) {
        MessagePipe pipe = stream.pipe();
        return pipe == null ? Integer.MAX_VALUE : pipe.takeDemand();
    }

    /** Drops what a transport holds of a stream, as it does before the stream's last callback. */
    public static void release(TransportStream stream) {
        MessagePipe pipe = stream.pipe();
        if (pipe != null) {
            pipe.close();
        }
        stream.state = StreamState.CLOSED;
        stream.ended = true;
    }

    /** The server begins its response, as a transport notes it before it says so. */
    public static void beginResponse(TransportStream stream) {
        stream.headersReceived = true;
    }
}
