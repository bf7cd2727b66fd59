package io.peregrine.load.serve;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;

/**
 * Keeps of a request's header list only what decides the answer, so that decoding allocates no header map.
 *
 * <p>One instance serves a whole connection: the decoder fills it, the connection reads it before the next
 * header block arrives.
 */
final class RequestHeaders extends DefaultHttp2Headers {
    private static final AsciiString POST = AsciiString.cached("POST");
    private static final AsciiString CONTENT_TYPE = AsciiString.cached("content-type");
    private static final AsciiString APPLICATION_GRPC = AsciiString.cached("application/grpc");
    private static final AsciiString METHOD = Http2Headers.PseudoHeaderName.METHOD.value();
    private static final AsciiString PATH = Http2Headers.PseudoHeaderName.PATH.value();

    private boolean post;
    private boolean path;
    private boolean grpc;

    RequestHeaders() {
        super(false);
    }

    void reset() {
        post = false;
        path = false;
        grpc = false;
    }

    @Override
    public Http2Headers add(CharSequence name, CharSequence value) {
        if (METHOD.contentEquals(name)) {
            post = POST.contentEquals(value);
        } else if (PATH.contentEquals(name)) {
            path = value.length() > 1 && value.charAt(0) == '/';
        } else if (CONTENT_TYPE.contentEquals(name)) {
            grpc = isGrpc(value);
        }
        return this;
    }

    boolean isPost() {
        return post;
    }

    boolean hasPath() {
        return path;
    }

    boolean isGrpc() {
        return grpc;
    }

    /** True for application/grpc itself and with a {@code +suffix} or {@code ;parameter} (gRPC over HTTP/2). */
    private static boolean isGrpc(CharSequence contentType) {
        int prefix = APPLICATION_GRPC.length();
        if (contentType.length() < prefix || !APPLICATION_GRPC.contentEquals(contentType.subSequence(0, prefix))) {
            return false;
        }
        return contentType.length() == prefix || contentType.charAt(prefix) == '+' || contentType.charAt(prefix) == ';';
    }
}
