package io.peregrine.client.internal.message;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.AsciiString;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.transport.header.ResponseHeaders;
import io.peregrine.transport.http2.StreamFailure;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** From what happened on the wire to a gRPC status (SPEC ST-1 to ST-12). */
public final class StatusMapping {
    private static final AsciiString GRPC_STATUS = AsciiString.cached("grpc-status");
    private static final AsciiString GRPC_MESSAGE = AsciiString.cached("grpc-message");
    private static final AsciiString CONTENT_TYPE = AsciiString.cached("content-type");
    private static final AsciiString HTTP_STATUS = AsciiString.cached(":status");
    private static final AsciiString APPLICATION_GRPC = AsciiString.cached("application/grpc");
    private static final AsciiString ZERO = AsciiString.cached("0");

    private StatusMapping() {}

    /** ST-5: {@code application/grpc}, or that followed by {@code +} or {@code ;}. */
    public static boolean isGrpc(ResponseHeaders headers) {
        AsciiString type = headers.find(CONTENT_TYPE);
        if (type == null || !type.startsWith(APPLICATION_GRPC)) {
            return false;
        }
        int end = APPLICATION_GRPC.length();
        return type.length() == end || type.byteAt(end) == '+' || type.byteAt(end) == ';';
    }

    /** The status in the last header block of a gRPC response. */
    public static Status ofTrailers(ResponseHeaders trailers) {
        AsciiString code = trailers.find(GRPC_STATUS);
        AsciiString other = contradiction(trailers, code);
        if (other != null) {
            return Status.of(StatusCode.UNKNOWN, "grpc-status is both \"" + code + "\" and \"" + other + '"');
        }
        if (ZERO.equals(code) && trailers.find(StatusDetails.NAME) == null) {
            return Status.OK;
        }
        if (code == null) {
            return trailers.size() == 0
                    ? Status.of(StatusCode.INTERNAL, "the server ended the response without trailers")
                    : Status.of(StatusCode.UNKNOWN, "missing grpc-status in the trailers");
        }
        int value = parse(code);
        AsciiString encoded = trailers.find(GRPC_MESSAGE);
        String message = encoded == null ? "" : percentDecode(encoded);
        if (value < 0) {
            return Status.of(
                    StatusCode.UNKNOWN, "grpc-status is \"" + code + "\" (expected: a number)" + suffix(message));
        }
        StatusCode known = StatusCode.ofValue(value);
        OptionalInt detailed = StatusDetails.codeIn(trailers);
        if (detailed.isPresent() && detailed.getAsInt() != value) {
            return Status.of(
                    StatusCode.INTERNAL,
                    "grpc-status is " + value + ", but grpc-status-details-bin says " + detailed.getAsInt()
                            + suffix(message));
        }
        if (known == StatusCode.OK) {
            return Status.OK;
        }
        // An unknown number keeps its number in the message (ST-3).
        return Status.of(known, value == known.value() ? message : "grpc-status " + value + suffix(message));
    }

    /** A second status that is not the first: nobody can say which of them counts, and so neither may be OK. */
    private static @Nullable AsciiString contradiction(ResponseHeaders trailers, @Nullable AsciiString first) {
        for (int i = trailers.size() - 1; i > 0; i--) {
            if (GRPC_STATUS.equals(trailers.name(i)) && !trailers.value(i).equals(first)) {
                return trailers.value(i);
            }
        }
        return null;
    }

    /** The status of a response that is not gRPC (ST-6). */
    public static Status ofHttp(ResponseHeaders headers) {
        AsciiString status = headers.find(HTTP_STATUS);
        AsciiString type = headers.find(CONTENT_TYPE);
        String message = "the response is not gRPC: HTTP status " + status + ", content-type "
                + (type == null ? "absent" : type);
        int code = status == null ? -1 : parse(status);
        StatusCode mapped = switch (code) {
            case -1, 400, 431 -> StatusCode.INTERNAL;
            case 401 -> StatusCode.UNAUTHENTICATED;
            case 403 -> StatusCode.PERMISSION_DENIED;
            case 404 -> StatusCode.UNIMPLEMENTED;
            case 429, 502, 503, 504 -> StatusCode.UNAVAILABLE;
            default -> code < 200 ? StatusCode.INTERNAL : StatusCode.UNKNOWN;
        };
        return Status.of(mapped, message);
    }

    /** The status of a stream that ended without trailers. */
    public static Status ofFailure(StreamFailure failure, boolean deadlinePassed) {
        StatusCode code = switch (failure.kind()) {
            case UNPROCESSED, REFUSED, CONNECTION_LOST -> StatusCode.UNAVAILABLE;
            case RESET -> ofReset(failure.errorCode(), deadlinePassed);
            case MALFORMED, INTERNAL, REQUEST_HEADERS_TOO_LARGE -> StatusCode.INTERNAL;
            case TOO_LARGE, OVERLOADED -> StatusCode.RESOURCE_EXHAUSTED;
            case DEADLINE_EXCEEDED -> StatusCode.DEADLINE_EXCEEDED;
            case CANCELLED -> StatusCode.CANCELLED;
        };
        return new Status(code, failure.message(), failure.cause());
    }

    /** ST-9, with D9 to D11; a server that cancels after our deadline only says what we know (DL-4). */
    private static StatusCode ofReset(long errorCode, boolean deadlinePassed) {
        @Nullable Http2Error error = Http2Error.valueOf(errorCode);
        if (error == null) {
            return StatusCode.UNKNOWN;
        }
        return switch (error) {
            case CANCEL -> deadlinePassed ? StatusCode.DEADLINE_EXCEEDED : StatusCode.CANCELLED;
            case REFUSED_STREAM -> StatusCode.UNAVAILABLE;
            case ENHANCE_YOUR_CALM -> StatusCode.RESOURCE_EXHAUSTED;
            case INADEQUATE_SECURITY -> StatusCode.PERMISSION_DENIED;
            case HTTP_1_1_REQUIRED -> StatusCode.UNKNOWN;
            case NO_ERROR,
                    PROTOCOL_ERROR,
                    INTERNAL_ERROR,
                    FLOW_CONTROL_ERROR,
                    SETTINGS_TIMEOUT,
                    STREAM_CLOSED,
                    FRAME_SIZE_ERROR,
                    COMPRESSION_ERROR,
                    CONNECT_ERROR -> StatusCode.INTERNAL;
        };
    }

    /** ST-2: UTF-8 behind percent-encoding; a malformed escape stays as it is. */
    static String percentDecode(AsciiString text) {
        if (text.indexOf('%', 0) < 0) {
            return new String(text.array(), text.arrayOffset(), text.length(), StandardCharsets.UTF_8);
        }
        ByteArrayOutputStream octets = new ByteArrayOutputStream(text.length());
        for (int i = 0; i < text.length(); i++) {
            int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
            int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
            if (text.byteAt(i) == '%' && high >= 0 && low >= 0) {
                octets.write(high << 4 | low);
                i += 2;
            } else {
                octets.write(text.byteAt(i));
            }
        }
        return octets.toString(StandardCharsets.UTF_8);
    }

    private static String suffix(String message) {
        return message.isEmpty() ? "" : ": " + message;
    }

    /** A number of one to nine digits, or -1. */
    private static int parse(AsciiString digits) {
        if (digits.isEmpty() || digits.length() > 9) {
            return -1;
        }
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.byteAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }
}
