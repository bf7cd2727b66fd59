package io.peregrine.client.internal.balancer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vectors are those of xxHash's own sanity check: bytes from a generator, without a seed and with 2654435761. */
class Xxh64Test {
    private static final long SEED = 2_654_435_761L;

    @ParameterizedTest
    @CsvSource({
        "0, ef46db3751d8e999, ac75fda2929b17ef",
        "1, 4fce394cc88952d8, 739840cb819fa723",
        "14, cffa8db881bc3a3d, 5b9611585efcc9cb",
        "101, 0eab543384f878ad, caa65939306f1e21"
    })
    void agreesWithTheVectorsOfTheAlgorithm(int length, String unseeded, String seeded) {
        byte[] bytes = sanityBytes(length);

        assertThat(Long.toHexString(Xxh64.hash(bytes, 0))).isEqualTo(withoutZeros(unseeded));
        assertThat(Long.toHexString(Xxh64.hash(bytes, SEED))).isEqualTo(withoutZeros(seeded));
    }

    @ParameterizedTest
    @CsvSource({"a, d24ec4f1a98c6e5b", "abc, 44bc2cf5ad770999"})
    void agreesWithOthersOnText(String text, String hash) {
        assertThat(Long.toHexString(Xxh64.hash(text, 0))).isEqualTo(hash);
    }

    @Test
    void textIsHashedAsItsUtf8WhateverItsLength() {
        StringBuilder text = new StringBuilder();
        for (int length = 0; length < 100; length++) {
            String ascii = text.toString();
            String other = ascii + "\u00e9\u20ac";

            assertThat(Xxh64.hash(ascii, SEED)).isEqualTo(Xxh64.hash(ascii.getBytes(StandardCharsets.UTF_8), SEED));
            assertThat(Xxh64.hash(other, SEED)).isEqualTo(Xxh64.hash(other.getBytes(StandardCharsets.UTF_8), SEED));
            text.append((char) (' ' + (length * 37) % 95));
        }
    }

    @Test
    void aPartOfAnArrayIsHashedAsIfItWereAlone() {
        byte[] alone = sanityBytes(77);
        byte[] within = new byte[100];
        System.arraycopy(alone, 0, within, 13, alone.length);

        assertThat(Xxh64.hash(within, 13, alone.length, SEED)).isEqualTo(Xxh64.hash(alone, SEED));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> Xxh64.hash(within, 90, 11, SEED));
    }

    private static byte[] sanityBytes(int length) {
        byte[] bytes = new byte[length];
        int generated = (int) SEED;
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (generated >>> 24);
            generated *= generated;
        }
        return bytes;
    }

    private static String withoutZeros(String hex) {
        return Long.toHexString(Long.parseUnsignedLong(hex, 16));
    }
}
