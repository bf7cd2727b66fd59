package io.peregrine.client.compression;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.ByteBufOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/** What it takes to add a codec whose library works on streams, as most do: here zlib's format, RFC 1950. */
public final class DeflateCodec implements Codec {
    private static final int STEP_BYTES = 8192;

    @Override
    public String name() {
        return "deflate";
    }

    @Override
    public void compress(ByteBuf message, ByteBuf out) throws IOException {
        try (OutputStream compressor = new DeflaterOutputStream(new ByteBufOutputStream(out))) {
            message.readBytes(compressor, message.readableBytes());
        }
    }

    @Override
    public void decompress(ByteBuf compressed, ByteBuf out, int maxBytes) throws IOException {
        try (InputStream plain = new InflaterInputStream(new ByteBufInputStream(compressed))) {
            int room = maxBytes + 1;
            int read = 0;
            while (read >= 0 && room > 0) {
                read = out.writeBytes(plain, Math.min(STEP_BYTES, room));
                room -= Math.max(read, 0);
            }
        }
    }
}
