package io.peregrine.client.internal.balancer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * The hash XXH64, which gRPC's policies agree on, so that clients in all languages place an endpoint alike (gRFC A42, A68;
 * <a href="https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md">the algorithm's specification</a>). Not for
 * secrets. Allocates nothing for bytes and for ASCII text.
 *
 * <p>Four accumulators take 8 bytes each of every 32; they are merged, and take what is left in words of 8, 4 and 1.
 */
public final class Xxh64 {
    private static final long PRIME_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long PRIME_3 = 0x165667B19E3779F9L;
    private static final long PRIME_4 = 0x85EBCA77C2B2AE63L;
    private static final long PRIME_5 = 0x27D4EB2F165667C5L;

    private static final int STRIPE = 32;
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private Xxh64() {}

    /** The hash of all the bytes. */
    public static long hash(byte[] bytes, long seed) {
        return hash(bytes, 0, bytes.length, seed);
    }

    /**
     * The hash of {@code length} bytes from {@code offset} on.
     *
     * @throws IndexOutOfBoundsException if the array does not have them
     */
    public static long hash(byte[] bytes, int offset, int length, long seed) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        int end = offset + length;
        int i = offset;
        long hash = seed + PRIME_5;
        if (length >= STRIPE) {
            long a = seed + PRIME_1 + PRIME_2;
            long b = seed + PRIME_2;
            long c = seed;
            long d = seed - PRIME_1;
            for (; i <= end - STRIPE; i += STRIPE) {
                a = round(a, (long) LONGS.get(bytes, i));
                b = round(b, (long) LONGS.get(bytes, i + 8));
                c = round(c, (long) LONGS.get(bytes, i + 16));
                d = round(d, (long) LONGS.get(bytes, i + 24));
            }
            hash = merge(a, b, c, d);
        }
        hash += length;
        for (; i <= end - 8; i += 8) {
            hash = addLong(hash, (long) LONGS.get(bytes, i));
        }
        if (i <= end - 4) {
            hash = addInt(hash, (int) INTS.get(bytes, i));
            i += 4;
        }
        for (; i < end; i++) {
            hash = addByte(hash, bytes[i]);
        }
        return avalanche(hash);
    }

    /** The hash of the text in UTF-8. It is taken for ASCII first, of which each character is one byte. */
    public static long hash(String text, long seed) {
        int end = text.length();
        int i = 0;
        int seen = 0;
        long hash = seed + PRIME_5;
        if (end >= STRIPE) {
            long a = seed + PRIME_1 + PRIME_2;
            long b = seed + PRIME_2;
            long c = seed;
            long d = seed - PRIME_1;
            for (; i <= end - STRIPE; i += STRIPE) {
                a = round(a, longAt(text, i));
                b = round(b, longAt(text, i + 8));
                c = round(c, longAt(text, i + 16));
                d = round(d, longAt(text, i + 24));
                seen |= bitsAt(text, i) | bitsAt(text, i + 8) | bitsAt(text, i + 16) | bitsAt(text, i + 24);
            }
            hash = merge(a, b, c, d);
        }
        hash += end;
        for (; i <= end - 8; i += 8) {
            hash = addLong(hash, longAt(text, i));
            seen |= bitsAt(text, i);
        }
        if (i <= end - 4) {
            hash = addInt(hash, intAt(text, i));
            seen |= text.charAt(i) | text.charAt(i + 1) | text.charAt(i + 2) | text.charAt(i + 3);
            i += 4;
        }
        for (; i < end; i++) {
            hash = addByte(hash, text.charAt(i));
            seen |= text.charAt(i);
        }
        return seen < 0x80 ? avalanche(hash) : hash(text.getBytes(StandardCharsets.UTF_8), seed);
    }

    /** All the bits of eight characters, read again: the compiler knows that it has them. */
    private static int bitsAt(String text, int i) {
        return text.charAt(i)
                | text.charAt(i + 1)
                | text.charAt(i + 2)
                | text.charAt(i + 3)
                | text.charAt(i + 4)
                | text.charAt(i + 5)
                | text.charAt(i + 6)
                | text.charAt(i + 7);
    }

    private static long longAt(String text, int i) {
        return (intAt(text, i) & 0xFFFF_FFFFL) | (long) intAt(text, i + 4) << 32;
    }

    private static int intAt(String text, int i) {
        return text.charAt(i) | text.charAt(i + 1) << 8 | text.charAt(i + 2) << 16 | text.charAt(i + 3) << 24;
    }

    private static long round(long accumulator, long input) {
        return Long.rotateLeft(accumulator + input * PRIME_2, 31) * PRIME_1;
    }

    private static long merge(long a, long b, long c, long d) {
        long hash = Long.rotateLeft(a, 1) + Long.rotateLeft(b, 7) + Long.rotateLeft(c, 12) + Long.rotateLeft(d, 18);
        return mergeOne(mergeOne(mergeOne(mergeOne(hash, a), b), c), d);
    }

    private static long mergeOne(long hash, long accumulator) {
        return (hash ^ round(0, accumulator)) * PRIME_1 + PRIME_4;
    }

    private static long addLong(long hash, long input) {
        return Long.rotateLeft(hash ^ round(0, input), 27) * PRIME_1 + PRIME_4;
    }

    private static long addInt(long hash, int input) {
        return Long.rotateLeft(hash ^ (input & 0xFFFF_FFFFL) * PRIME_1, 23) * PRIME_2 + PRIME_3;
    }

    private static long addByte(long hash, int input) {
        return Long.rotateLeft(hash ^ (input & 0xFF) * PRIME_5, 11) * PRIME_1;
    }

    private static long avalanche(long hash) {
        long mixed = (hash ^ hash >>> 33) * PRIME_2;
        mixed = (mixed ^ mixed >>> 29) * PRIME_3;
        return mixed ^ mixed >>> 32;
    }
}
