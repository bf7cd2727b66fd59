package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** RR-2: turns that are strict for one thread, and fair over several. */
class RotationTest {
    private static final int RESULTS = 7;

    @Test
    void oneThreadSeesEachNumberOnceAndInOrder() {
        Rotation rotation = new Rotation();
        long first = rotation.next();

        assertThat(LongStream.range(0, 1_000).map(i -> rotation.next()))
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(first + 1, first + 1_000).boxed().toList());
    }

    @Test
    void rr2OneThreadLetsThemTakeStrictTurns() {
        List<PickResult> results = results();
        Picker picker = Rotation.over(results);
        int first = results.indexOf(pick(picker));

        for (int i = 1; i < 10 * RESULTS; i++) {
            assertThat(pick(picker)).isSameAs(results.get((first + i) % RESULTS));
        }
    }

    @Test
    void rr2PickersBeginAtRandom() {
        List<PickResult> results = results();

        assertThat(IntStream.range(0, 200)
                        .mapToObj(i -> pick(Rotation.over(results)))
                        .distinct())
                .hasSize(RESULTS);
    }

    /** More threads than cells, so that some share one: there, too, each number comes once. */
    @Test
    void rr2SeveralThreadsGetEachNumberOfACellOnceAndEachResultAsOften() throws Exception {
        int threads = 16;
        int picksOfEach = RESULTS * 3_000;
        List<PickResult> results = results();
        Picker picker = Rotation.over(results);
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        List<Future<Map<PickResult, Integer>>> counts = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            counts.add(pool.submit(() -> {
                start.await(10, TimeUnit.SECONDS);
                Map<PickResult, Integer> picked = new HashMap<>();
                for (int i = 0; i < picksOfEach; i++) {
                    picked.merge(pick(picker), 1, Integer::sum);
                }
                return picked;
            }));
        }
        Map<PickResult, Integer> all = new HashMap<>();
        for (Future<Map<PickResult, Integer>> count : counts) {
            count.get(30, TimeUnit.SECONDS).forEach((result, n) -> all.merge(result, n, Integer::sum));
        }
        pool.shutdown();

        // A cell gets a multiple of the number of results; so it gives each result as often, if nothing is lost.
        assertThat(all.values()).hasSize(RESULTS).containsOnly(threads * picksOfEach / RESULTS);
    }

    @Test
    void aSingleResultNeedsNoTurns() {
        PickResult only = results().get(0);

        assertThat(Rotation.over(List.of(only))).isInstanceOf(FixedPicker.class);
        assertThat(pick(Rotation.over(List.of(only)))).isSameAs(only);
    }

    private static List<PickResult> results() {
        return IntStream.range(0, RESULTS)
                .mapToObj(i -> PickResult.fail(Status.of(StatusCode.UNAVAILABLE, "" + i)))
                .toList();
    }

    private static PickResult pick(Picker picker) {
        return picker.pick(BalancerHarness.info(CallOptions.DEFAULT));
    }
}
