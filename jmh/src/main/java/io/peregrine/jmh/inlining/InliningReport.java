package io.peregrine.jmh.inlining;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Says whether the JIT compiler can do its work on the hot path: how large the methods are that ARCHITECTURE.md names,
 * whether C2 compiled them, and which calls in our code it did not inline, and why.
 *
 * <p>Fails when such a method is larger than {@code FreqInlineSize}, for then no caller gets it inlined, or when a call
 * goes through a table of methods and is not in the file of those that may.
 */
public final class InliningReport {
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    /** Compilations that are named for a refused call; the number of all stands before it. */
    private static final int ROOTS_SHOWN = 3;

    private final HotPath path;
    private final AllowedCalls allowed;
    private final Map<MethodName, Set<Integer>> bytes = new TreeMap<>();
    private final Set<MethodName> compiled = new TreeSet<>();
    private final List<Refusal> refusals = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    InliningReport(HotPath path, AllowedCalls allowed) {
        this.path = path;
        this.allowed = allowed;
    }

    /** Prints the report. Arguments: ARCHITECTURE.md, the file of allowed calls, and logs of {@code LogCompilation}. */
    public static void main(String[] args) throws IOException {
        if (args.length < 3) {
            System.err.println("usage: InliningReport ARCHITECTURE.md ALLOWED-CALLS LOG...");
            System.exit(USAGE);
        }
        InliningReport report = new InliningReport(HotPath.read(Path.of(args[0])), AllowedCalls.read(Path.of(args[1])));
        for (int i = 2; i < args.length; i++) {
            report.add(CompilationLog.read(Path.of(args[i])));
        }
        System.out.print(report.format(limit("MaxInlineSize"), limit("FreqInlineSize")));
        if (!report.failures.isEmpty()) {
            System.exit(FAILED);
        }
    }

    private static int limit(String flag) {
        return Integer.parseInt(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption(flag)
                .getValue());
    }

    void add(CompilationLog log) {
        log.bytes()
                .forEach((method, sizes) ->
                        bytes.computeIfAbsent(method, of -> new TreeSet<>()).addAll(sizes));
        compiled.addAll(log.compiled());
        refusals.addAll(log.refusals());
    }

    String format(int maxInlineSize, int freqInlineSize) {
        StringBuilder text = new StringBuilder();
        methods(text, maxInlineSize, freqInlineSize);
        calls(text);
        allowed.unused()
                .forEach(line ->
                        text.append("note: allowed and not seen: ").append(line).append('\n'));
        failures.forEach(failure -> text.append("failed: ").append(failure).append('\n'));
        return text.append(failures.isEmpty() ? "passed\n" : "").toString();
    }

    private void methods(StringBuilder text, int maxInlineSize, int freqInlineSize) {
        text.append(String.format(
                Locale.ROOT,
                "Methods of the hot path (any call inlines up to %d bytes, a frequent one up to %d):%n",
                maxInlineSize,
                freqInlineSize));
        for (String name : path.methods()) {
            List<MethodName> found = bytes.keySet().stream()
                    .filter(method -> method.isOurs() && method.toString().equals(name))
                    .toList();
            Set<Integer> sizes = found.stream()
                    .flatMap(method -> bytes.get(method).stream())
                    .collect(Collectors.toCollection(TreeSet::new));
            boolean byC2 = found.stream().anyMatch(compiled::contains);
            int largest = sizes.stream().mapToInt(size -> size).max().orElse(0);
            text.append(String.format(
                    Locale.ROOT,
                    "  %-45s %-9s %-12s %s%n",
                    name,
                    sizes.stream().map(String::valueOf).collect(Collectors.joining("/")),
                    byC2 ? "C2" : sizes.isEmpty() ? "not compiled" : "C1",
                    largest > freqInlineSize ? "TOO LARGE" : largest > maxInlineSize ? "if frequent" : ""));
            if (largest > freqInlineSize) {
                failures.add(name + " has " + largest + " bytes (expected: at most " + freqInlineSize + ")");
            }
        }
    }

    private void calls(StringBuilder text) {
        Map<String, List<Refusal>> byCall = refusals.stream()
                .filter(Refusal::isHot)
                .sorted(Refusal.ORDER)
                .collect(Collectors.groupingBy(
                        call -> call.caller() + " @" + call.bytecodeIndex() + " -> " + call.callee() + " ("
                                + call.calleeBytes() + "): " + call.reason(),
                        LinkedHashMap::new,
                        Collectors.toList()));
        text.append("\n"
                + "Calls of our code that C2 did not inline (most frequent first; in how many compilations, some"
                + " of them):\n");
        byCall.forEach((call, same) -> {
            Refusal first = same.get(0);
            boolean fails = first.isMegamorphic() && !allowed.allows(first);
            String roots = same.stream()
                    .map(refusal -> refusal.root().toString())
                    .distinct()
                    .limit(ROOTS_SHOWN)
                    .collect(Collectors.joining(", "));
            text.append(String.format(Locale.ROOT, "  %3d  %s, in %s%n", same.size(), call, roots));
            if (fails) {
                failures.add(first.caller() + " -> " + first.callee()
                        + " is a megamorphic call (expected: one or two classes of receivers, or a line in the file"
                        + " of allowed calls)");
            }
        });
        text.append("  ")
                .append(refusals.stream().filter(call -> !call.isHot()).count())
                .append(" rare calls besides\n\n");
    }
}
