package io.peregrine.jmh.gate.judgement;

import io.peregrine.jmh.gate.results.JmhResult;
import io.peregrine.jmh.gate.results.JmhRun;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What figures depend on besides the code.
 *
 * @param jdk version of the JDK that ran the benchmarks
 * @param vm name and version of its virtual machine
 * @param flags its flags, without system properties, which often name ports and directories of one run
 * @param os operating system and architecture of the machine that recorded
 * @param processors what that machine had
 * @param date when, as it was given; null if it was not
 * @param commit of what, as it was given; null if it was not
 */
public record Environment(
        String jdk,
        String vm,
        List<String> flags,
        String os,
        int processors,
        @Nullable String date,
        @Nullable String commit) {

    /** The environment of a run on this machine. */
    public static Environment of(JmhRun run, @Nullable String date, @Nullable String commit) {
        JmhResult first = run.results().get(0);
        return new Environment(
                String.valueOf(first.jdkVersion()),
                first.vmName() + " " + first.vmVersion(),
                flags(first),
                System.getProperty("os.name") + ' ' + System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors(),
                date,
                commit);
    }

    private static List<String> flags(JmhResult result) {
        List<String> all = result.jvmArgs() == null ? List.of() : result.jvmArgs();
        return all.stream().filter(flag -> !flag.startsWith("-D")).toList();
    }

    /** What makes a run's figures hard to compare with these: other JDK, other flags. Empty if nothing does. */
    public Optional<String> differenceOf(JmhRun run) {
        Environment now = of(run, null, null);
        if (!now.jdk.equals(jdk)) {
            return Optional.of("JDK " + now.jdk + ", the baseline is of " + jdk);
        }
        if (!now.flags.equals(flags)) {
            return Optional.of("JVM flags " + now.flags + ", the baseline is of " + flags);
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return "JDK " + jdk + ", " + os + ", " + processors + " processors" + (date == null ? "" : ", " + date)
                + (commit == null ? "" : ", " + commit);
    }
}
