package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.StatusException;
import io.peregrine.client.compression.Codec;
import io.peregrine.client.internal.message.ResponseDecoder;
import io.peregrine.transport.header.HeaderFields;
import io.peregrine.transport.header.RequestHeaders;
import io.peregrine.transport.header.ResponseHeaders;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.StreamFailure;
import io.peregrine.transport.http2.TransportStream;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One try of a unary call on one transport: turns what arrives into a response and a status, by gRPC's rules for
 * unary calls (SPEC CA-1, ST-1 to ST-9). Confined to the transport's event loop once started.
 *
 * @param <R> the response
 */
final class Attempt<R> extends TransportStream {
    /** ST-6: so much of a foreign body is quoted. */
    private static final int MAX_QUOTED_BYTES = 1024;

    private final UnaryCall<?, R> call;
    private final ClientTransport transport;
    private @Nullable Codec codec;
    private @Nullable R response;
    private @Nullable Status localFailure;
    private @Nullable Status foreign;
    private @Nullable StringBuilder foreignBody;

    Attempt(UnaryCall<?, R> call, ClientTransport transport, RequestHeaders headers, ByteBuf request, long deadlineNs) {
        super(headers, fieldsOf(call), request, deadlineNs, call.maxInboundMessageBytes());
        this.call = call;
        this.transport = transport;
    }

    private static @Nullable HeaderFields fieldsOf(UnaryCall<?, ?> call) {
        Metadata metadata = call.options().metadata();
        return metadata.isEmpty() ? null : metadata;
    }

    /** Any thread. */
    void cancel() {
        transport.cancel(this);
    }

    SocketAddress peer() {
        return transport.remoteAddress();
    }

    @Override
    protected boolean onHeaders(ResponseHeaders headers) {
        if (!StatusMapping.isGrpc(headers)) {
            foreign = StatusMapping.ofHttp(headers);
            foreignBody = new StringBuilder();
            return false;
        }
        try {
            codec = ResponseDecoder.codecOf(call.codecs(), headers);
        } catch (StatusException unknownEncoding) {
            abort(unknownEncoding.status());
            return true;
        }
        Metadata metadata = receive(headers, true);
        if (localFailure == null && !metadata.isEmpty()) {
            call.onHeaders(metadata);
        }
        return true;
    }

    @Override
    protected void onMessage(ByteBuf message, boolean compressed) {
        if (localFailure != null) {
            return;
        }
        if (response != null) {
            abort(Status.of(StatusCode.INTERNAL, "more than one message in the response to a unary call"));
        } else {
            read(message, compressed);
        }
    }

    private void read(ByteBuf message, boolean compressed) {
        try {
            response = ResponseDecoder.read(
                    call.method().responseMarshaller(), message, compressed, codec, call.maxInboundMessageBytes());
        } catch (StatusException unreadable) {
            abort(unreadable.status());
        }
    }

    @Override
    protected void onForeignBody(ByteBuf data) {
        StringBuilder body = foreignBody;
        assert body != null;
        int quoted = Math.min(MAX_QUOTED_BYTES - body.length(), data.readableBytes());
        body.append(data.toString(data.readerIndex(), quoted, StandardCharsets.UTF_8));
        if (quoted < data.readableBytes()) {
            // Enough is known; the transport's answer to the reset ends the call.
            transport.cancel(this);
        }
    }

    @Override
    protected void onTrailers(ResponseHeaders trailers, boolean trailersOnly) {
        Metadata metadata = receive(trailers, false);
        Status status = statusOf(trailers, trailersOnly);
        R received = response;
        if (status.isOk() && received == null) {
            status = Status.of(StatusCode.INTERNAL, "no message in the response to a unary call that ended with OK");
        }
        call.end(status, status.isOk() ? received : null, metadata);
    }

    private Status statusOf(ResponseHeaders trailers, boolean trailersOnly) {
        if (localFailure != null) {
            return localFailure;
        }
        if (foreign != null) {
            return quoteBody(foreign);
        }
        if (trailersOnly && !StatusMapping.isGrpc(trailers)) {
            return StatusMapping.ofHttp(trailers);
        }
        return StatusMapping.ofTrailers(trailers);
    }

    @Override
    protected void onFailure(StreamFailure failure) {
        if (localFailure != null) {
            call.end(localFailure, null, Metadata.EMPTY);
        } else if (foreign != null) {
            call.end(quoteBody(foreign), null, Metadata.EMPTY);
        } else {
            call.onAttemptFailed(failure, hasResponse());
        }
    }

    private Status quoteBody(Status status) {
        StringBuilder body = foreignBody;
        return body == null || body.isEmpty() ? status : status.withMessage(status.message() + ", body: " + body);
    }

    /** Decides the status now; the transport's answer to the reset ends the call with it. */
    private void abort(Status status) {
        localFailure = status;
        transport.cancel(this);
    }

    /**
     * What the application sees of a block. A value that is not base64 is a problem of this call, never of the
     * connection; in trailers it is left out, since the status that came with it stands (MD-3, HOSTILE.md 2.6).
     */
    private Metadata receive(ResponseHeaders headers, boolean beforeTheStatus) {
        Metadata.@Nullable Builder builder = null;
        for (int i = 0; i < headers.size(); i++) {
            if (Metadata.Builder.isVisible(headers.name(i))) {
                builder = builder == null ? Metadata.builder() : builder;
                if (!builder.tryReceive(headers.name(i), headers.value(i)) && beforeTheStatus) {
                    abort(Status.of(
                            StatusCode.INTERNAL, "metadata value of \"" + headers.name(i) + "\" is not base64"));
                    return Metadata.EMPTY;
                }
            }
        }
        return builder == null ? Metadata.EMPTY : builder.build();
    }
}
