package io.peregrine.client.compression;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.peregrine.testkit.Seeds;
import java.io.IOException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GzipCodecProperties {
    @Test
    void whatIsCompressedIsReadHoweverItIsCutAndLimited() throws IOException {
        SplittableRandom random = Seeds.random("a compressed message reads as it was, up to the limit");
        for (int i = 0; i < 300; i++) {
            byte[] message = message(random);
            int maxBytes = random.nextInt(2 * message.length);
            byte[] compressed = compress(Codecs.gzip(random.nextInt(10)), message);

            byte[] plain = decompress(compressed, compressed.length, maxBytes, random);

            assertThat(plain).hasSize(Math.min(message.length, maxBytes + 1));
            assertThat(message).startsWith(plain);
        }
    }

    /** As a server may do it, knowingly or not: nothing but an IOException comes of it. */
    @Test
    void anyBytesAreReadOrRefused() throws IOException {
        SplittableRandom random = Seeds.random("bytes that are no gzip are refused");
        int limit = 10_000;
        for (int i = 0; i < 2000; i++) {
            byte[] compressed = compress(Codecs.gzip(), message(random));
            for (int faults = random.nextInt(4); faults > 0; faults--) {
                compressed[random.nextInt(compressed.length)] = (byte) random.nextInt(256);
            }
            try {
                byte[] plain = decompress(compressed, 1 + random.nextInt(compressed.length), limit, random);
                assertThat(plain).hasSizeLessThanOrEqualTo(limit + 1);
            } catch (IOException refused) {
                assertThat(refused).hasMessageStartingWith("gzip: ");
            }
        }
    }

    private static byte[] compress(Codec codec, byte[] message) throws IOException {
        ByteBuf compressed = Unpooled.buffer(1);
        ByteBuf plain = Unpooled.wrappedBuffer(message);
        try {
            codec.compress(plain, compressed);
            return ByteBufUtil.getBytes(compressed);
        } finally {
            plain.release();
            compressed.release();
        }
    }

    private static byte[] decompress(byte[] compressed, int bytes, int maxBytes, SplittableRandom random)
            throws IOException {
        ByteBuf parts = cut(compressed, bytes, random);
        ByteBuf plain = Unpooled.buffer(1, maxBytes + 1);
        try {
            Codecs.gzip().decompress(parts, plain, maxBytes);
            return ByteBufUtil.getBytes(plain);
        } finally {
            parts.release();
            plain.release();
        }
    }

    private static byte[] message(SplittableRandom random) {
        byte[] message = new byte[1 + random.nextInt(1 << random.nextInt(1, 17))];
        int letters = random.nextInt(1, 257);
        for (int i = 0; i < message.length; i++) {
            message[i] = (byte) random.nextInt(letters);
        }
        return message;
    }

    private static ByteBuf cut(byte[] whole, int bytes, SplittableRandom random) {
        CompositeByteBuf parts = Unpooled.compositeBuffer(Integer.MAX_VALUE);
        int start = 0;
        while (start < bytes) {
            int part = 1 + random.nextInt(bytes - start);
            parts.addComponent(true, Unpooled.wrappedBuffer(whole, start, part));
            start += part;
        }
        return parts;
    }
}
