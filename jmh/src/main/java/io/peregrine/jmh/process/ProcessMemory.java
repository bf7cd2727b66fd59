package io.peregrine.jmh.process;

import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * The memory of this process, in bytes. Linux only.
 *
 * @param heap of the live objects, by the JVM's class histogram
 * @param netty what Netty has reserved beside the heap
 * @param jvmDirect what the JVM has reserved for direct buffers
 * @param resident what the process has of the machine
 */
public record ProcessMemory(long heap, long netty, long jvmDirect, long resident) {
    private static final Pattern TOTAL = Pattern.compile("^Total +[0-9]+ +([0-9]+)", Pattern.MULTILINE);
    private static final String RESIDENT = "VmRSS:";
    private static final int BYTES_PER_KIB = 1024;

    /** What is in use after so many seconds of rest and two collections. */
    public static ProcessMemory afterRest(int seconds) throws IOException, InterruptedException {
        TimeUnit.SECONDS.sleep(seconds);
        // Twice: what the first makes unreachable, by references cleared, the second does not count.
        liveHeapBytes();
        long heap = liveHeapBytes();
        long jvmDirect = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
        return new ProcessMemory(heap, PlatformDependent.usedDirectMemory(), jvmDirect, readResident());
    }

    /** Netty counts what it allocates itself, which the JVM does not see; where it leaves that to the JVM, both do. */
    public long direct() {
        return PlatformDependent.useDirectBufferNoCleaner()
                ? Math.max(0, netty) + jvmDirect
                : Math.max(netty, jvmDirect);
    }

    private static long liveHeapBytes() throws IOException {
        try {
            Object histogram = ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcClassHistogram",
                            new Object[] {new String[0]},
                            new String[] {String[].class.getName()});
            Matcher total = TOTAL.matcher((String) histogram);
            if (!total.find()) {
                throw new IOException("class histogram: no total");
            }
            return Long.parseLong(total.group(1));
        } catch (JMException refused) {
            throw new IOException("class histogram: not given by this JVM", refused);
        }
    }

    private static long readResident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(RESIDENT)) {
                String kib = line.substring(RESIDENT.length()).strip().split(" ")[0];
                return Long.parseLong(kib) * BYTES_PER_KIB;
            }
        }
        throw new IOException("/proc/self/status: no " + RESIDENT);
    }
}
