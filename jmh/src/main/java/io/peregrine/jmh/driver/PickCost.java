package io.peregrine.jmh.driver;

import java.util.Map;
import java.util.Set;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs the benchmarks of picks under JMH and prints its results as the other drivers print theirs. */
public final class PickCost {
    private static final String BENCHMARK = "\\.(GrpcJava)?PickBenchmark";
    private static final String BYTES = "gc.alloc.rate.norm";

    private PickCost() {}

    /** Runs it; the argument is the number of iterations, of one second each. */
    public static void main(String[] args) throws RunnerException {
        Arguments arguments = Arguments.parse("ITERATIONS", 1, 1, Set.of(), args);
        Options options = new OptionsBuilder()
                .include(BENCHMARK)
                .forks(1)
                .warmupIterations(2)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(arguments.number(0))
                .measurementTime(TimeValue.seconds(1))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        for (RunResult result : new Runner(options).run()) {
            System.out.println(line(result));
        }
    }

    private static JsonLine line(RunResult result) {
        String benchmark = result.getPrimaryResult().getLabel();
        boolean grpcJava = benchmark.startsWith("roundRobin");
        String mode = benchmark.endsWith("woThreads") ? "two-threads" : "one-thread";
        JsonLine line = Results.newLine("PickCost", grpcJava ? "grpc-java-tuned" : "peregrine", mode, false)
                .put("ns", result.getPrimaryResult().getScore(), 2);
        for (Map.Entry<String, Result> secondary : result.getSecondaryResults().entrySet()) {
            if (secondary.getKey().endsWith(BYTES)) {
                line.put("bytes", secondary.getValue().getScore(), 3);
            }
        }
        return line;
    }
}
