package io.peregrine.client.warmup;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.client.Marshaller;

/** The one response message of a warm-up, with gRPC's prefix. */
final class CannedResponse {
    static final int MAX_MESSAGE_BYTES = 65_536;

    private CannedResponse() {}

    static <R> byte[] of(Marshaller<R> marshaller, R response) {
        int bytes = marshaller.encodedSize(response);
        if (bytes > MAX_MESSAGE_BYTES) {
            throw new IllegalArgumentException(
                    "response: " + bytes + " bytes (expected: at most " + MAX_MESSAGE_BYTES + ')');
        }
        ByteBuf framed = Unpooled.buffer(5 + bytes);
        framed.writeByte(0).writeInt(bytes);
        marshaller.write(response, framed);
        byte[] octets = new byte[framed.readableBytes()];
        framed.readBytes(octets).release();
        return octets;
    }
}
