package io.peregrine.client.internal;

import io.netty.buffer.ByteBuf;
import io.peregrine.client.Status;
import java.nio.charset.StandardCharsets;

/** A response that is not gRPC, typically from a proxy: its status, and the beginning of its body (SPEC ST-6). */
final class ForeignResponse {
    private static final int MAX_QUOTED_BYTES = 1024;

    private final Status status;
    private final StringBuilder body = new StringBuilder();

    ForeignResponse(Status status) {
        this.status = status;
    }

    /** Adds part of the body; true if there is more than is quoted. */
    boolean quote(ByteBuf data) {
        int quoted = Math.min(MAX_QUOTED_BYTES - body.length(), data.readableBytes());
        body.append(data.toString(data.readerIndex(), quoted, StandardCharsets.UTF_8));
        return quoted < data.readableBytes();
    }

    /** The status, which quotes what was read of the body. */
    Status status() {
        return body.isEmpty() ? status : status.withMessage(status.message() + ", body: " + body);
    }
}
