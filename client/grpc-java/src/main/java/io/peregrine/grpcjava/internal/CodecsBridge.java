package io.peregrine.grpcjava.internal;

import io.grpc.Codec;
import io.grpc.Compressor;
import io.grpc.CompressorRegistry;
import io.grpc.Decompressor;
import io.grpc.DecompressorRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.ByteBufOutputStream;
import io.peregrine.client.compression.Codecs;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** grpc-java's registries of compressors as {@link Codecs}. */
public final class CodecsBridge {
    private static final String IDENTITY = "identity";

    private CodecsBridge() {}

    /**
     * The codecs of the names that the decompressors advertise, as the registries have them now. The gzip that comes with
     * grpc-java gives way to the library's own.
     */
    public static Codecs toNative(CompressorRegistry compressors, DecompressorRegistry decompressors) {
        Codecs codecs = Codecs.none();
        for (String name : decompressors.getAdvertisedMessageEncodings()) {
            Decompressor decompressor = decompressors.lookupDecompressor(name);
            if (name.equals(IDENTITY) || decompressor == null) {
                continue;
            }
            Compressor compressor = compressors.lookupCompressor(name);
            boolean stock = decompressor.getClass() == Codec.Gzip.class
                    && (compressor == null || compressor.getClass() == Codec.Gzip.class);
            codecs = codecs.with(stock ? Codecs.gzip() : new Adapted(name, compressor, decompressor));
        }
        return codecs;
    }

    private record Adapted(String name, @Nullable Compressor compressor, Decompressor decompressor)
            implements io.peregrine.client.compression.Codec {
        @Override
        public void compress(ByteBuf message, ByteBuf out) throws IOException {
            if (compressor == null) {
                throw new IOException("the registry has no compressor \"" + name + "\", only a decompressor");
            }
            try (OutputStream compressed = compressor.compress(new ByteBufOutputStream(out))) {
                message.readBytes(compressed, message.readableBytes());
            }
        }

        @Override
        public void decompress(ByteBuf compressed, ByteBuf out, int maxBytes) throws IOException {
            try (InputStream plain = decompressor.decompress(new ByteBufInputStream(compressed))) {
                int room = maxBytes + 1;
                while (room > 0) {
                    int read = out.writeBytes(plain, Math.min(room, Math.max(out.writableBytes(), 1)));
                    if (read < 0) {
                        return;
                    }
                    room -= read;
                }
            }
        }
    }
}
