package io.peregrine.client.internal.balancer.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.internal.balancer.Xxh64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Where endpoints are on a ring (RH-2), and which one a hash leads to (RH-4). */
class RingTest {
    @Test
    void rh2AnEndpointHasAsManyEntriesAsItsWeightSays() {
        Ring ring = Ring.of(new String[] {"a", "b", "c"}, new int[] {3, 3, 4}, 8, 20);

        assertThat(ring.size()).isEqualTo(10);
        assertThat(entries(ring, 3)).containsExactly(3, 3, 4);
    }

    @Test
    void rh2TheRingHasAtLeastTheMinimumOfEntriesAndWholeOnesForTheLightest() {
        Ring ring = Ring.of(new String[] {"a", "b", "c"}, new int[] {1, 1, 1}, 1024, 4096);

        assertThat(ring.size()).isEqualTo(1026);
        assertThat(entries(ring, 3)).containsExactly(342, 342, 342);
    }

    @Test
    void rh2TheMaximumHoldsWhereWeightsWouldNeedMore() {
        Ring ring = Ring.of(new String[] {"a", "b"}, new int[] {1, 9_999}, 1024, 4096);

        assertThat(ring.size()).isEqualTo(4096);
        assertThat(entries(ring, 2)).containsExactly(1, 4095);
    }

    @Test
    void rh2WithMoreEndpointsThanEntriesEachHasOneOrNone() {
        int count = 10_000;
        String[] keys = new String[count];
        int[] weights = new int[count];
        for (int i = 0; i < count; i++) {
            keys[i] = "10.0." + i / 256 + '.' + i % 256 + ":443";
            weights[i] = 1;
        }

        Ring ring = Ring.of(keys, weights, 1024, 4096);

        assertThat(ring.size()).isEqualTo(4096);
        assertThat(entries(ring, count)).containsOnly(0, 1);
    }

    @Test
    void rh2EntriesAreTheHashesOfTheKeyAndItsNumberInOrder() {
        Ring ring = Ring.of(new String[] {"10.0.0.1:443", "10.0.0.2:443"}, new int[] {1, 1}, 40, 40);
        Map<Long, Integer> expected = new TreeMap<>(Long::compareUnsigned);
        for (int i = 0; i < 20; i++) {
            expected.put(Xxh64.hash("10.0.0.1:443_" + i, 0), 0);
            expected.put(Xxh64.hash("10.0.0.2:443_" + i, 0), 1);
        }

        assertThat(entriesInOrder(ring)).containsExactlyElementsOf(expected.values());
    }

    @Test
    void rh4TheFirstEntryAtOrBehindTheHashIsTheCallsAndBehindTheLastComesTheFirst() {
        Ring ring = Ring.of(new String[] {"only"}, new int[] {1}, 3, 3);
        TreeMap<Long, Integer> places = new TreeMap<>(Long::compareUnsigned);
        for (int i = 0; i < 3; i++) {
            places.put(Xxh64.hash("only_" + i, 0), i);
        }
        long first = places.firstKey();
        long second = places.higherKey(first);
        long last = places.lastKey();

        assertThat(ring.entryOf(first)).isZero();
        assertThat(ring.entryOf(first + 1)).isEqualTo(1);
        assertThat(ring.entryOf(second)).isEqualTo(1);
        assertThat(ring.entryOf(last)).isEqualTo(2);
        assertThat(ring.entryOf(last + 1)).isZero();
        assertThat(ring.entryOf(-1)).isZero();
        assertThat(ring.after(2)).isZero();
    }

    @Test
    void rh2EndpointsOfTheSameKeyShareItsPlacesAndOneOfThemIsFoundThere() {
        Ring ring = Ring.of(new String[] {"same", "same"}, new int[] {1, 1}, 4, 4);

        assertThat(entries(ring, 2)).containsExactly(2, 2);
        assertThat(ring.endpointAt(ring.entryOf(Xxh64.hash("same_0", 0)))).isZero();
    }

    private static int[] entries(Ring ring, int endpoints) {
        int[] counts = new int[endpoints];
        for (int i = 0; i < ring.size(); i++) {
            counts[ring.endpointAt(i)]++;
        }
        return counts;
    }

    private static List<Integer> entriesInOrder(Ring ring) {
        return IntStream.range(0, ring.size()).mapToObj(ring::endpointAt).toList();
    }
}
