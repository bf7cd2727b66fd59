package io.peregrine.load.measure;

import com.sun.management.OperatingSystemMXBean;
import io.peregrine.allocation.AllocationProbe;
import java.lang.management.ManagementFactory;

/**
 * Processor time and heap allocation of this whole process up to one moment.
 *
 * <p>Whatever runs here is included: the client, the generator itself, the JIT compiler and, for processor
 * time, the garbage collector; and the back end when it is embedded.
 *
 * @param cpuNs user and system time in nanoseconds
 * @param allocatedBytes bytes allocated by all threads that live now; a thread that ends takes its share away
 */
public record ProcessUsage(long cpuNs, long allocatedBytes) {
    /** Takes the figures now. */
    public static ProcessUsage now() {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return new ProcessUsage(system.getProcessCpuTime(), AllocationProbe.allocatedBytesOfAllThreads());
    }

    /** This and what threads allocated that have ended since. */
    public ProcessUsage plusAllocated(long bytes) {
        return new ProcessUsage(cpuNs, allocatedBytes + bytes);
    }

    /** What was used between {@code earlier} and this. */
    public ProcessUsage since(ProcessUsage earlier) {
        return new ProcessUsage(cpuNs - earlier.cpuNs, allocatedBytes - earlier.allocatedBytes);
    }
}
