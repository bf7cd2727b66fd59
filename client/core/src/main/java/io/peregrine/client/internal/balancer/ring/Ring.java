package io.peregrine.client.internal.balancer.ring;

import io.peregrine.client.internal.balancer.Xxh64;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Where on the circle of all hashes the endpoints are: each at as many places as its weight says (gRFC A42, SPEC RH-2). An
 * endpoint's places follow from its own key, so they stay where they are when others come and go. Immutable.
 *
 * <p>Arrays without objects. A search among 4096 places would take twelve steps, each a branch that no processor can foresee;
 * so the first bits of a hash say in which few places to search, mostly one or two. A ring of 4096 entries takes 80 KiB.
 */
final class Ring {
    /** Beyond so many bits the index would take more memory than its steps are worth. */
    private static final int MAX_INDEX_BITS = 20;

    /** The hashes in ascending order, unsigned; each has its highest bit flipped, so that signed comparison is right. */
    private final long[] places;

    /** The endpoint at each place, by its position in the lists that the ring was made from. */
    private final int[] endpoints;

    /** For each value of a hash's first bits the first place that is not before it; and behind them the number of places. */
    private final int[] starts;

    private final int shift;

    private Ring(long[] places, int[] endpoints) {
        this.places = places;
        this.endpoints = endpoints;
        int bits = Math.min(MAX_INDEX_BITS, Integer.SIZE - Integer.numberOfLeadingZeros(places.length));
        this.shift = Long.SIZE - bits;
        this.starts = new int[(1 << bits) + 1];
        for (int i = 0; i < starts.length - 1; i++) {
            starts[i] = lowerBound(places, ((long) i << shift) ^ Long.MIN_VALUE, 0, places.length);
        }
        starts[starts.length - 1] = places.length;
    }

    /**
     * Of endpoints in the order of their keys, so that every client with the same endpoints has the same ring.
     *
     * @param keys what each endpoint is placed by, at least one
     * @param weights of each, positive
     */
    static Ring of(String[] keys, int[] weights, int minSize, int maxSize) {
        long total = 0;
        int least = Integer.MAX_VALUE;
        for (int weight : weights) {
            total += weight;
            least = Math.min(least, weight);
        }
        double leastShare = (double) least / total;
        double scale = Math.min(Math.ceil(leastShare * minSize) / leastShare, maxSize);
        long[] hashes = new long[(int) Math.ceil(scale)];
        int[] owners = new int[hashes.length];
        int size = 0;
        long weighed = 0;
        for (int i = 0; i < keys.length; i++) {
            weighed += weights[i];
            // Not summed up from shares, which would add up their rounding, too.
            double wanted = scale * weighed / total;
            EntryName name = new EntryName(keys[i]);
            for (int n = 0; size < wanted && size < hashes.length; n++) {
                hashes[size] = name.hash(n) ^ Long.MIN_VALUE;
                owners[size] = i;
                size++;
            }
        }
        return sorted(Arrays.copyOf(hashes, size), owners);
    }

    /** Sorts the places, then takes each owner to its own. Those of equal hash keep their order. */
    private static Ring sorted(long[] hashes, int[] owners) {
        long[] places = hashes.clone();
        Arrays.sort(places);
        int[] endpoints = new int[places.length];
        int[] takenFrom = new int[places.length];
        for (int i = 0; i < hashes.length; i++) {
            int first = lowerBound(places, hashes[i], 0, places.length);
            endpoints[first + takenFrom[first]] = owners[i];
            takenFrom[first]++;
        }
        return new Ring(places, endpoints);
    }

    /** How many entries it has; at least 1. */
    int size() {
        return places.length;
    }

    /** The entry of a call with that hash: the first at or behind it, around the circle (RH-4). */
    int entryOf(long hash) {
        int bucket = (int) (hash >>> shift);
        int entry = lowerBound(places, hash ^ Long.MIN_VALUE, starts[bucket], starts[bucket + 1]);
        return entry == places.length ? 0 : entry;
    }

    /** The endpoint of an entry. */
    int endpointAt(int entry) {
        return endpoints[entry];
    }

    /** The entry behind it, around the circle. */
    int after(int entry) {
        return entry + 1 == places.length ? 0 : entry + 1;
    }

    /** The first place in {@code from..to} that is not before the wanted one; {@code to} if none is. */
    private static int lowerBound(long[] sorted, long wanted, int from, int to) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < wanted) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The names of an endpoint's entries, "key_0", "key_1" and so on, in one buffer. */
    private static final class EntryName {
        private static final int MAX_DIGITS = 10;

        private final byte[] bytes;
        private final int prefixLength;

        EntryName(String key) {
            byte[] prefix = (key + '_').getBytes(StandardCharsets.UTF_8);
            this.prefixLength = prefix.length;
            this.bytes = Arrays.copyOf(prefix, prefixLength + MAX_DIGITS);
        }

        long hash(int n) {
            int digits = 1;
            for (int rest = n / 10; rest > 0; rest /= 10) {
                digits++;
            }
            int end = prefixLength + digits;
            int rest = n;
            for (int i = end - 1; i >= prefixLength; i--) {
                bytes[i] = (byte) ('0' + rest % 10);
                rest /= 10;
            }
            return Xxh64.hash(bytes, 0, end, 0);
        }
    }
}
