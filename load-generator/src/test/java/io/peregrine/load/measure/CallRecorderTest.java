package io.peregrine.load.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CallRecorderTest {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void losesNoCallWhileItIsDrained(boolean eventLoopThreads) throws Exception {
        CallRecorder recorder = new CallRecorder(false);
        ExecutorService threads = eventLoopThreads
                ? Executors.newFixedThreadPool(3, new DefaultThreadFactory("loop", true))
                : Executors.newFixedThreadPool(3);
        List<Future<?>> writers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            writers.add(threads.submit(() -> record(recorder, 200_000)));
        }

        long drained = 0;
        while (writers.stream().anyMatch(writer -> !writer.isDone())) {
            drained += recorder.drain().times().getTotalCount();
        }
        for (Future<?> writer : writers) {
            writer.get(10, TimeUnit.SECONDS);
        }
        drained += recorder.drain().times().getTotalCount();
        threads.shutdown();

        Measurements total = recorder.total();
        assertThat(total.ok()).isEqualTo(300_000);
        assertThat(total.failed()).isEqualTo(300_000);
        assertThat(total.service().getTotalCount()).isEqualTo(300_000);
        assertThat(drained).isEqualTo(300_000);
    }

    @Test
    void recordsFailedCallsOnlyWhenTold() {
        CallRecorder without = new CallRecorder(false);
        CallRecorder with = new CallRecorder(true);

        without.closedLoopCall(14, 1_000);
        with.closedLoopCall(14, 1_000);

        assertThat(without.total().service().getTotalCount()).isZero();
        assertThat(with.total().service().getTotalCount()).isEqualTo(1);
        assertThat(without.total().failed()).isEqualTo(with.total().failed()).isEqualTo(1);
    }

    @Test
    void takesAnyTime() {
        CallRecorder recorder = new CallRecorder(false);

        assertThatNoException().isThrownBy(() -> {
            recorder.openLoopCall(0, Long.MAX_VALUE, 0);
            recorder.lag(-1);
            recorder.lag(Long.MAX_VALUE);
        });

        assertThat(recorder.total().response().getMaxValue()).isGreaterThanOrEqualTo(CallRecorder.MAX_TRACKABLE_NS);
    }

    @Test
    void boundsTheTextsThatAServerCanMakeItKeep() {
        CallRecorder recorder = new CallRecorder(false);

        for (int i = 0; i < 10_000; i++) {
            recorder.errorText("failure number " + i);
        }

        Measurements total = recorder.total();
        assertThat(total.errorTexts()).hasSizeLessThanOrEqualTo(66);
        assertThat(total.errorTexts().values().stream().mapToLong(n -> n).sum()).isEqualTo(10_000);
    }

    private static void record(CallRecorder recorder, int calls) {
        for (int i = 0; i < calls; i++) {
            recorder.closedLoopCall(i % 2 == 0 ? StatusCodes.OK : StatusCodes.UNKNOWN, i);
        }
    }
}
