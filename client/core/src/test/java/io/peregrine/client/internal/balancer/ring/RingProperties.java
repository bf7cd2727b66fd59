package io.peregrine.client.internal.balancer.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.internal.balancer.Xxh64;
import io.peregrine.testkit.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * What consistent hashing is for, over random sets of endpoints. When one of n goes, its share moves, 1/n; and as the ring
 * keeps its size, the others get new places, which take about as much again from each other.
 */
class RingProperties {
    private static final int HASHES = 20_000;

    @Test
    void rh2WhenOneOfNEndpointsGoesAboutTwoNthsOfTheKeysMoveAtMost() {
        SplittableRandom random = Seeds.random("few keys move when an endpoint goes");
        for (int round = 0; round < 20; round++) {
            List<String> keys = randomKeys(random, 5 + random.nextInt(60));
            List<String> fewer = new ArrayList<>(keys);
            fewer.remove(random.nextInt(keys.size()));

            double moved = movedShare(random, keys, fewer);

            assertThat(moved).as("of %d endpoints one is gone", keys.size()).isLessThan(2.5 / keys.size() + 0.01);
        }
    }

    @Test
    void rh2WhenOneComesToNEndpointsAboutTwoNthsOfTheKeysMoveAtMost() {
        SplittableRandom random = Seeds.random("few keys move when an endpoint comes");
        for (int round = 0; round < 20; round++) {
            List<String> keys = randomKeys(random, 5 + random.nextInt(60));
            List<String> more = new ArrayList<>(new TreeSet<>(keys));
            more.add("zz-new-" + round);

            double moved = movedShare(random, keys, more);

            assertThat(moved).as("to %d endpoints comes one", keys.size()).isLessThan(2.5 / keys.size() + 0.01);
        }
    }

    @Test
    void rh2CallsAreSpreadByTheWeights() {
        SplittableRandom random = Seeds.random("shares follow weights");
        for (int round = 0; round < 10; round++) {
            int count = 2 + random.nextInt(8);
            List<String> keys = randomKeys(random, count);
            int[] weights = random.ints(count, 1, 10).toArray();
            Ring ring = Ring.of(keys.toArray(String[]::new), weights, 100_000, 200_000);
            int[] calls = new int[count];
            for (int i = 0; i < HASHES; i++) {
                calls[ring.endpointAt(ring.entryOf(random.nextLong()))]++;
            }

            double total = Arrays.stream(weights).sum();
            for (int i = 0; i < count; i++) {
                assertThat((double) calls[i] / HASHES)
                        .as("weight %d of %s", weights[i], Arrays.toString(weights))
                        .isCloseTo(weights[i] / total, within(0.03));
            }
        }
    }

    @Test
    void rh4TheSearchAgreesWithATreeOfAllEntries() {
        SplittableRandom random = Seeds.random("binary search agrees with a tree");
        for (int round = 0; round < 200; round++) {
            List<String> keys = randomKeys(random, 1 + random.nextInt(10));
            int[] weights = random.ints(keys.size(), 1, 5).toArray();
            int min = 1 + random.nextInt(100);
            Ring ring = Ring.of(keys.toArray(String[]::new), weights, min, min + random.nextInt(100));
            NavigableMap<Long, Integer> tree = treeOf(ring, keys);
            for (int i = 0; i < 100; i++) {
                long hash = random.nextLong();
                Map.Entry<Long, Integer> behind = tree.ceilingEntry(hash);

                assertThat(ring.endpointAt(ring.entryOf(hash)))
                        .isEqualTo((behind == null ? tree.firstEntry() : behind).getValue());
            }
        }
    }

    private static NavigableMap<Long, Integer> treeOf(Ring ring, List<String> keys) {
        int[] counts = new int[keys.size()];
        NavigableMap<Long, Integer> tree = new TreeMap<>(Long::compareUnsigned);
        for (int entry = 0; entry < ring.size(); entry++) {
            int endpoint = ring.endpointAt(entry);
            tree.put(Xxh64.hash(keys.get(endpoint) + '_' + counts[endpoint], 0), endpoint);
            counts[endpoint]++;
        }
        return tree;
    }

    /** The share of hashes that lead to another endpoint. */
    private static double movedShare(SplittableRandom random, List<String> before, List<String> after) {
        Ring old = ringOf(before);
        Ring changed = ringOf(after);
        int moved = 0;
        for (int i = 0; i < HASHES; i++) {
            long hash = random.nextLong();
            String from = before.get(old.endpointAt(old.entryOf(hash)));
            String to = after.get(changed.endpointAt(changed.entryOf(hash)));
            moved += from.equals(to) ? 0 : 1;
        }
        return (double) moved / HASHES;
    }

    private static Ring ringOf(List<String> keys) {
        int[] weights = new int[keys.size()];
        Arrays.fill(weights, 1);
        return Ring.of(keys.toArray(String[]::new), weights, 4096, 4096);
    }

    private static List<String> randomKeys(SplittableRandom random, int count) {
        TreeSet<String> keys = new TreeSet<>();
        while (keys.size() < count) {
            keys.add("10." + random.nextInt(256) + '.' + random.nextInt(256) + '.' + random.nextInt(256) + ":443");
        }
        return new ArrayList<>(keys);
    }
}
