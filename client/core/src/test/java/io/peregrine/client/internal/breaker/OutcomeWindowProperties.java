package io.peregrine.client.internal.breaker;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.internal.retry.Racers;
import io.peregrine.testkit.Seeds;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** EX-3: both windows beside a plain list of what happened, and with threads. */
class OutcomeWindowProperties {
    private static final int RUNS = 100;
    private static final int CALLS = 2_000;

    private record Outcome(long atNs, boolean failed) {}

    @Test
    void ex3AWindowOfCallsCountsTheLastOnes() {
        SplittableRandom random = Seeds.random("a window of calls counts the last ones");
        for (int run = 0; run < RUNS; run++) {
            int size = 1 + random.nextInt(1 << random.nextInt(1, 8));
            CallWindow window = new CallWindow(size);
            Deque<Boolean> last = new ArrayDeque<>();
            for (int call = 0; call < CALLS; call++) {
                boolean failed = random.nextInt(3) == 0;
                last.addLast(failed);
                if (last.size() > size) {
                    last.removeFirst();
                }

                long counts = window.record(failed, random.nextLong());

                assertThat(OutcomeWindow.calls(counts)).isEqualTo(last.size());
                assertThat(OutcomeWindow.failures(counts))
                        .isEqualTo((int) last.stream().filter(each -> each).count());
            }
        }
    }

    @Test
    void ex3AWindowOfTimeCountsTheTenthThatIsUnderWayAndNineBefore() {
        SplittableRandom random = Seeds.random("a window of time counts ten tenths");
        for (int run = 0; run < RUNS; run++) {
            long startNs = random.nextLong();
            long bucketNs = random.nextLong(1, 1_000);
            TimeWindow window = new TimeWindow(bucketNs * 10, startNs);
            List<Outcome> all = new ArrayList<>();
            long elapsedNs = 0;
            for (int call = 0; call < CALLS / 4; call++) {
                elapsedNs += random.nextLong(random.nextInt(20) == 0 ? 30 * bucketNs : 1 + bucketNs / 3);
                boolean failed = random.nextBoolean();
                all.add(new Outcome(elapsedNs, failed));
                long oldest = elapsedNs / bucketNs - 9;

                long counts = window.record(failed, startNs + elapsedNs);

                List<Outcome> counted = all.stream()
                        .filter(each -> each.atNs / bucketNs >= oldest)
                        .toList();
                assertThat(OutcomeWindow.calls(counts)).isEqualTo(counted.size());
                assertThat(OutcomeWindow.failures(counts)).isEqualTo((int)
                        counted.stream().filter(Outcome::failed).count());
            }
        }
    }

    @Test
    void ex3AThreadThatComesLateWithItsClockIsCountedAllTheSame() {
        TimeWindow window = new TimeWindow(1_000, 0);
        window.record(false, 5_000);

        long sameSlot = window.record(true, 4_050);
        long beforeTheStart = window.record(true, -70);

        assertThat(OutcomeWindow.calls(sameSlot)).isEqualTo(2);
        assertThat(OutcomeWindow.failures(beforeTheStart)).isEqualTo(2);
    }

    @Test
    void ex3ThreadsThatRecordAtOnceLeaveTheSumsOfTheRing() throws Exception {
        for (int size : new int[] {1, 2, 7, 100}) {
            CallWindow window = new CallWindow(size);

            Racers.race(4, () -> {
                for (int call = 0; call < 50_000; call++) {
                    window.record((call & 3) == 0, 0);
                }
                return 0;
            });

            long counts = 0;
            for (int call = 0; call < size; call++) {
                counts = window.record(call == 0, 0);
            }
            assertThat(OutcomeWindow.calls(counts)).isEqualTo(size);
            assertThat(OutcomeWindow.failures(counts)).isEqualTo(1);
        }
    }

    @Test
    void ex3ThreadsThatRecordInOneTenthLoseNothing() throws Exception {
        TimeWindow window = new TimeWindow(1_000, 0);

        Racers.race(4, () -> {
            for (int call = 0; call < 50_000; call++) {
                window.record((call & 1) == 0, call / 50);
            }
            return 0;
        });

        long counts = window.record(false, 999);
        assertThat(OutcomeWindow.calls(counts)).isEqualTo(200_001);
        assertThat(OutcomeWindow.failures(counts)).isEqualTo(100_000);
    }
}
