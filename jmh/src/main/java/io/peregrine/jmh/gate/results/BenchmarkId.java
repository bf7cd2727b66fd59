package io.peregrine.jmh.gate.results;

import java.util.Comparator;
import java.util.SortedMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What tells one benchmark from another in a results file.
 *
 * @param name class and method, as JMH writes them
 * @param params the values of its {@code @Param} fields by name; empty without any
 * @param mode JMH's short name of the mode: {@code avgt}, {@code thrpt}, {@code sample} or {@code ss}
 * @param threads how many threads ran it
 */
public record BenchmarkId(String name, SortedMap<String, String> params, String mode, int threads)
        implements Comparable<BenchmarkId> {
    private static final Comparator<BenchmarkId> ORDER = Comparator.comparing(BenchmarkId::nameWithParams)
            .thenComparing(BenchmarkId::mode)
            .thenComparing(BenchmarkId::threads);

    /** Whether the pattern is found in {@link #nameWithParams}. */
    public boolean matches(Pattern pattern) {
        return pattern.matcher(nameWithParams()).find();
    }

    /** The name and the parameters in the order of their names: {@code a.b.Parse.parse{size=100,type=json}}. */
    public String nameWithParams() {
        if (params.isEmpty()) {
            return name;
        }
        return params.entrySet().stream()
                .map(param -> param.getKey() + '=' + param.getValue())
                .collect(Collectors.joining(",", name + '{', "}"));
    }

    /** The same without the package. */
    public String shortName() {
        String classAndMethod = name.replaceFirst("^([a-z_][\\w$]*\\.)+(?=[A-Z])", "");
        return classAndMethod + nameWithParams().substring(name.length());
    }

    @Override
    public int compareTo(BenchmarkId other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return nameWithParams() + ' ' + mode + (threads == 1 ? "" : " in " + threads + " threads");
    }
}
