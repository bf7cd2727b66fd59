package io.peregrine.client.fleet;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The calls of a run, by the time at which they were to start. */
record Windows(long startNs, Duration length, List<Window> windows) {
    /** Percentiles are of all calls, also of those that failed. */
    record Window(int calls, int failed, double p50Ms, double p99Ms) {}

    static Windows of(long startNs, List<CallRecord> calls, Duration length) {
        List<List<CallRecord>> cut = new ArrayList<>();
        for (CallRecord call : calls) {
            int index = (int) ((call.intendedNs() - startNs) / length.toNanos());
            while (cut.size() <= index) {
                cut.add(new ArrayList<>());
            }
            cut.get(index).add(call);
        }
        // The last one is not whole.
        List<Window> windows =
                cut.subList(0, cut.size() - 1).stream().map(Windows::window).toList();
        return new Windows(startNs, length, windows);
    }

    private static Window window(List<CallRecord> calls) {
        double[] sortedMs = calls.stream()
                .mapToDouble(call -> call.latencyNs() / 1e6)
                .sorted()
                .toArray();
        int failed = (int) calls.stream().filter(call -> !call.isOk()).count();
        return new Window(calls.size(), failed, percentile(sortedMs, 0.5), percentile(sortedMs, 0.99));
    }

    /** The median of the windows' 99th percentiles between two times: a hiccup of the machine moves one of them only. */
    double usualP99Ms(long fromNs, long toNs) {
        int from = (int) Math.max(0, (fromNs - startNs - 1) / length.toNanos() + 1);
        int to = (int) Math.min(windows.size(), (toNs - startNs) / length.toNanos());
        return percentile(
                windows.subList(from, to).stream()
                        .mapToDouble(Window::p99Ms)
                        .sorted()
                        .toArray(),
                0.5);
    }

    private static double percentile(double[] sorted, double fraction) {
        return sorted.length == 0 ? Double.NaN : sorted[(int) Math.min(sorted.length - 1.0, fraction * sorted.length)];
    }
}
