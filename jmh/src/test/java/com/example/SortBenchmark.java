package com.example;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Our code, and beside it work that nobody changes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SortBenchmark {
    /** The length of the array. */
    @Param("1000")
    public int size;

    private int[] numbers;

    /** Numbers in no order. */
    @Setup
    public void prepare() {
        numbers = new int[size];
        for (int i = 0; i < size; i++) {
            numbers[i] = i * 1_664_525 + 1_013_904_223;
        }
    }

    /** What we want to know about. */
    @Benchmark
    public int[] sort() {
        int[] copy = numbers.clone();
        Arrays.sort(copy);
        return copy;
    }

    /** How fast this machine is today: only the JDK's code, and a loop that stays as it is. */
    @Benchmark
    public int calibration() {
        int hash = 0;
        for (int number : numbers) {
            hash = (hash ^ number) * 0x01000193;
        }
        return hash;
    }
}
