package io.peregrine.jmh.gate;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.infra.Blackhole;

/** A benchmark that becomes slower on demand, beside one that does not. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TunableBenchmark {
    static final int TOKENS = 2000;

    /** How much work it is; read in the same process. */
    static volatile int tokens = TOKENS;

    /** The work. */
    @Benchmark
    public void work() {
        Blackhole.consumeCPU(tokens);
    }

    /** Work that stays. */
    @Benchmark
    public void calibration() {
        Blackhole.consumeCPU(TOKENS);
    }
}
