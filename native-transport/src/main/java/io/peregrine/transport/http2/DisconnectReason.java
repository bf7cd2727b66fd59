package io.peregrine.transport.http2;

import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.handler.codec.http2.Http2Error;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Why a connection that was ready is not any more, in the words that gRPC's metrics have for it (gRFC A94, SPEC SC-11). There
 * are so many as HTTP/2 has error codes, and six: nothing that a peer says makes one more.
 */
public final class DisconnectReason {
    /** This side let go of it: the channel was shut down or became idle, or the address is not wanted any more. */
    public static final DisconnectReason SUBCHANNEL_SHUTDOWN = new DisconnectReason("subchannel shutdown");

    /** Reset by the peer, or by what is between. */
    public static final DisconnectReason CONNECTION_RESET = new DisconnectReason("connection reset");

    /** Nothing was heard from the peer: what was sent was not acknowledged, or a PING of the keepalive was not. */
    public static final DisconnectReason CONNECTION_TIMED_OUT = new DisconnectReason("connection timed out");

    /** Given up by this side's kernel. */
    public static final DisconnectReason CONNECTION_ABORTED = new DisconnectReason("connection aborted");

    /** Any other failure of the socket. */
    public static final DisconnectReason SOCKET_ERROR = new DisconnectReason("socket error");

    /** Anything else: the peer closed it without a word, or broke the rules of HTTP/2. */
    public static final DisconnectReason UNKNOWN = new DisconnectReason("unknown");

    /** By error code, which begin with 0. */
    private static final DisconnectReason[] GOAWAYS = Arrays.stream(Http2Error.values())
            .map(error -> new DisconnectReason("GOAWAY " + error.name()))
            .toArray(DisconnectReason[]::new);

    /** As Linux numbers them, and as BSD and macOS do. */
    private static final int[] ECONNRESET = {104, 54};

    private static final int[] ETIMEDOUT = {110, 60};
    private static final int[] ECONNABORTED = {103, 53};

    private final String label;

    private DisconnectReason(String label) {
        this.label = label;
    }

    /** The peer sent GOAWAY; a code that RFC 9113 does not have counts as INTERNAL_ERROR (§7). */
    public static DisconnectReason goAway(long errorCode) {
        return GOAWAYS[
                (int) (errorCode >= 0 && errorCode < GOAWAYS.length ? errorCode : Http2Error.INTERNAL_ERROR.code())];
    }

    /** The connection ended with that; null if with nothing that this side saw. */
    public static DisconnectReason of(@Nullable Throwable cause) {
        if (!(cause instanceof IOException) || cause instanceof SSLException) {
            return UNKNOWN;
        }
        if (is(cause, ECONNRESET, "connection reset")) {
            return CONNECTION_RESET;
        }
        if (is(cause, ETIMEDOUT, "connection timed out")) {
            return CONNECTION_TIMED_OUT;
        }
        return is(cause, ECONNABORTED, "connection abort") ? CONNECTION_ABORTED : SOCKET_ERROR;
    }

    /** Netty's own sockets tell the number of the error, the JDK's only a text. */
    private static boolean is(Throwable cause, int[] numbers, String text) {
        if (cause instanceof NativeIoException error) {
            return Arrays.stream(numbers).anyMatch(number -> number == Math.abs(error.expectedErr()));
        }
        String message = cause.getMessage();
        return message != null && message.toLowerCase(Locale.ROOT).contains(text);
    }

    /** The value of {@code grpc.disconnect_error}. */
    public String label() {
        return label;
    }

    @Override
    public String toString() {
        return label;
    }
}
