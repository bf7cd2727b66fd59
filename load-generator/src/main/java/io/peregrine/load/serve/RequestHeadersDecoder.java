package io.peregrine.load.serve;

import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;

/** Decodes every header block of a connection into the same {@link RequestHeaders}. */
final class RequestHeadersDecoder extends DefaultHttp2HeadersDecoder {
    /** Enough for a request's own headers and a few kilobytes of metadata; advertised to the client. */
    static final int MAX_HEADER_LIST_BYTES = 32 << 10;

    private final RequestHeaders headers = new RequestHeaders();

    RequestHeadersDecoder() {
        super(true, false, MAX_HEADER_LIST_BYTES);
    }

    @Override
    protected Http2Headers newHeaders() {
        headers.reset();
        return headers;
    }
}
