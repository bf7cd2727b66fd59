package io.peregrine.client.compression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the JDK's own gzip streams (RFC 1952; SPEC MS-2, MS-5). */
class GzipCodecTest {
    private static final byte[] TEXT =
            "a message that is said twice, a message that is said twice".getBytes(StandardCharsets.US_ASCII);
    private static final int FLAGS_INDEX = 3;

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    private final Codec codec = Codecs.gzip();

    @AfterEach
    void releasesWhatItTook() {
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 4096, 100_000, 3_000_000})
    void writesWhatAnyGzipReads(int bytes) throws IOException {
        byte[] message = halfRandom(bytes);

        byte[] compressed = compress(codec, message);

        try (GZIPInputStream in = new GZIPInputStream(new ByteBufInputStream(Unpooled.wrappedBuffer(compressed)))) {
            assertThat(in.readAllBytes()).isEqualTo(message);
        }
        assertThat(decompress(compressed, bytes)).isEqualTo(message);
    }

    @Test
    void aHigherLevelIsSmaller() throws IOException {
        byte[] message = halfRandom(200_000);

        assertThat(compress(Codecs.gzip(0), message)).hasSizeGreaterThan(200_000);
        assertThat(compress(Codecs.gzip(1), message))
                .hasSizeLessThan(200_000)
                .hasSizeGreaterThanOrEqualTo(compress(Codecs.gzip(9), message).length);
    }

    @Test
    void readsMembersOneBehindTheOther() throws IOException {
        byte[] members = join(gzip(TEXT), gzip(new byte[0]), gzip(new byte[] {1}));

        assertThat(decompress(members, 100)).isEqualTo(join(TEXT, new byte[] {1}));
    }

    @Test
    void readsAHeaderWithEverythingInIt() throws IOException {
        assertThat(decompress(withFullHeader(gzip(TEXT)), 100)).isEqualTo(TEXT);
    }

    @Test
    void refusesAHeaderThatDoesNotMatchItsChecksum() throws IOException {
        byte[] member = withFullHeader(gzip(TEXT));
        member[5] ^= 1;

        assertThatExceptionOfType(ZipException.class)
                .isThrownBy(() -> decompress(member, 100))
                .withMessageContaining("header checksum");
    }

    @Test
    void ms5EveryTruncationIsAnError() throws IOException {
        byte[] member = withFullHeader(gzip(TEXT));

        for (int bytes = 0; bytes < member.length; bytes++) {
            byte[] truncated = Arrays.copyOf(member, bytes);
            assertThatThrownBy(() -> decompress(truncated, 100))
                    .as("%d of %d bytes", bytes, member.length)
                    .isInstanceOf(EOFException.class)
                    .hasMessage("gzip: truncated");
        }
    }

    @Test
    void ms5NoFlippedBitGivesAnotherMessage() throws IOException {
        byte[] member = gzip(TEXT);

        for (int bit = 0; bit < member.length * 8; bit++) {
            byte[] corrupt = member.clone();
            corrupt[bit / 8] ^= (byte) (1 << bit % 8);
            try {
                assertThat(decompress(corrupt, 1000)).as("bit %d", bit).isEqualTo(TEXT);
            } catch (IOException expected) {
                assertThat(expected).hasMessageStartingWith("gzip: ");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(bytes = {0x20, 0x40, (byte) 0x80})
    void refusesReservedFlags(byte flag) throws IOException {
        byte[] member = gzip(TEXT);
        member[FLAGS_INDEX] |= flag;

        assertThatExceptionOfType(ZipException.class)
                .isThrownBy(() -> decompress(member, 100))
                .withMessageContaining("reserved flags");
    }

    @Test
    void refusesWhatIsNoGzip() {
        assertThatExceptionOfType(ZipException.class)
                .isThrownBy(() -> decompress("{\"error\": \"not gzip\"}".getBytes(StandardCharsets.US_ASCII), 100))
                .withMessage("gzip: magic number: 0x227b (expected: 0x8b1f)");
    }

    @Test
    void refusesGarbageBehindTheLastMember() throws IOException {
        byte[] garbage = join(gzip(TEXT), new byte[20]);

        assertThatExceptionOfType(ZipException.class).isThrownBy(() -> decompress(garbage, 100));
    }

    @Test
    void ms2TakesTheLimitAndStopsOneByteBehindIt() throws IOException {
        byte[] compressed = gzip(TEXT);

        assertThat(decompress(compressed, TEXT.length)).isEqualTo(TEXT);
        assertThat(decompress(compressed, TEXT.length - 1)).hasSize(TEXT.length);
        assertThat(decompress(compressed, 0)).hasSize(1);
    }

    @Test
    void ms2ABombCostsNoMoreThanTheLimit() throws IOException {
        byte[] bomb = gzip(new byte[64 << 20]);
        int limit = 1 << 20;

        ByteBuf out = allocator.directBuffer(256, limit + 1);
        codec.decompress(Unpooled.wrappedBuffer(bomb), out, limit);

        assertThat(out.readableBytes()).isEqualTo(limit + 1);
        assertThat(allocator.metric().usedDirectMemory()).isLessThanOrEqualTo(limit + 1);
        out.release();
    }

    @Test
    void ms2ABombOfManyMembersCostsNoMoreThanTheLimit() throws IOException {
        byte[] member = gzip(new byte[100_000]);
        byte[] bomb = new byte[1000 * member.length];
        for (int i = 0; i < 1000; i++) {
            System.arraycopy(member, 0, bomb, i * member.length, member.length);
        }

        assertThat(decompress(bomb, 1 << 20)).hasSize((1 << 20) + 1);
    }

    @Test
    void readsACompressedMessageThatCameInParts() throws IOException {
        byte[] compressed = join(withFullHeader(gzip(TEXT)), gzip(TEXT));

        for (int cut = 1; cut < compressed.length; cut++) {
            ByteBuf parts = allocator
                    .compositeDirectBuffer(Integer.MAX_VALUE)
                    .addComponent(true, allocator.directBuffer().writeBytes(compressed, 0, cut))
                    .addComponent(true, allocator.directBuffer().writeBytes(compressed, cut, compressed.length - cut));
            ByteBuf out = allocator.directBuffer();
            codec.decompress(parts, out, 1000);

            assertThat(ByteBufUtil.getBytes(out)).as("cut at %d", cut).isEqualTo(join(TEXT, TEXT));
            parts.release();
            out.release();
        }
    }

    @Test
    void oneCodecServesManyThreads() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4 * GzipCodec.MAX_KEPT_STATES);
        CompletableFuture<?>[] trips = new CompletableFuture<?>[500];
        for (int i = 0; i < trips.length; i++) {
            byte[] message = halfRandom(1 + 37 * i);
            trips[i] = CompletableFuture.runAsync(() -> assertRoundTrip(message), threads);
        }

        CompletableFuture.allOf(trips).get(30, TimeUnit.SECONDS);
        threads.shutdown();
    }

    private void assertRoundTrip(byte[] message) {
        try {
            assertThat(decompress(compress(codec, message), message.length)).isEqualTo(message);
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    private byte[] compress(Codec by, byte[] message) throws IOException {
        ByteBuf plain = allocator.directBuffer().writeBytes(message);
        ByteBuf out = allocator.directBuffer(1);
        by.compress(plain, out);
        plain.release();
        return bytesOf(out);
    }

    private byte[] decompress(byte[] compressed, int maxBytes) throws IOException {
        ByteBuf out = allocator.directBuffer(1, maxBytes + 1);
        try {
            codec.decompress(Unpooled.wrappedBuffer(compressed), out, maxBytes);
            return ByteBufUtil.getBytes(out);
        } finally {
            out.release();
        }
    }

    private static byte[] bytesOf(ByteBuf owned) {
        byte[] bytes = ByteBufUtil.getBytes(owned);
        owned.release();
        return bytes;
    }

    /** Every second byte is the same, so that it is neither stored nor vanishes. */
    private static byte[] halfRandom(int bytes) {
        byte[] message = new byte[bytes];
        new java.util.SplittableRandom(bytes).nextBytes(message);
        for (int i = 0; i < bytes; i += 2) {
            message[i] = 'a';
        }
        return message;
    }

    /** With extra field, name, comment and header checksum in place of none. */
    private static byte[] withFullHeader(byte[] member) {
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        header.writeBytes(Arrays.copyOf(member, 10));
        header.writeBytes(new byte[] {3, 0, 'x', 'y', 'z'});
        header.writeBytes("name\0comment\0".getBytes(StandardCharsets.ISO_8859_1));
        byte[] octets = header.toByteArray();
        octets[FLAGS_INDEX] = 0x1e;
        CRC32 crc = new CRC32();
        crc.update(octets);
        byte[] checksum = {(byte) crc.getValue(), (byte) (crc.getValue() >> 8)};
        return join(octets, checksum, Arrays.copyOfRange(member, 10, member.length));
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(plain);
        }
        return packed.toByteArray();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }
}
