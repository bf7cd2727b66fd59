package io.peregrine.jmh;

import io.peregrine.jmh.process.ProcessCpu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

/**
 * Tells JMH what an operation costs its process in CPU time, all threads but the JIT compilers' (see
 * {@link ProcessCpu}): the event loop's share, which the time of the calling thread does not show, is in it, and the
 * server's, which the elapsed time shows, is not. Linux only.
 */
public final class CpuProfiler implements InternalProfiler {
    private static final double NS_PER_US = 1e3;

    private final ProcessCpu cpu;

    /** For JMH, in the fork. */
    public CpuProfiler() {
        try {
            this.cpu = new ProcessCpu();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    public String getDescription() {
        return "CPU time of the process, less the JIT compilers', per operation";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        lapNs();
    }

    @Override
    public Collection<ScalarResult> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double us = lapNs() / NS_PER_US / Math.max(1, result.getMetadata().getAllOps());
        return List.of(new ScalarResult("cpu.norm", us, "us/op", AggregationPolicy.AVG));
    }

    private long lapNs() {
        try {
            return cpu.lapNs();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
