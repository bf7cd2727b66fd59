package io.peregrine.load.report;

import io.peregrine.load.measure.CallRecorder;
import io.peregrine.load.run.RunSession;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Says once a second how the run goes: in place on a terminal, a line each time elsewhere.
 *
 * <p>Draining the recorder allocates about a megabyte a second, which the report's figures include; without a
 * progress line nothing runs beside the loop.
 */
public final class ProgressLine implements RunSession.Progress {
    private static final int WIDTH = 110;

    private final CallRecorder recorder;
    private final PrintStream out;
    private final boolean terminal;
    private final String label;
    private final long startNs = System.nanoTime();
    private final ScheduledExecutorService timer;
    private final ScheduledFuture<?> task;
    private long previousCalls;
    private long previousNs = startNs;

    private ProgressLine(CallRecorder recorder, PrintStream out, boolean terminal, String label) {
        this.recorder = recorder;
        this.out = out;
        this.terminal = terminal;
        this.label = label;
        this.timer = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "progress");
            thread.setDaemon(true);
            return thread;
        });
        this.task = timer.scheduleAtFixedRate(this::print, 1, 1, TimeUnit.SECONDS);
    }

    /** Starts to print to standard error until closed. */
    public static ProgressLine start(CallRecorder recorder, String label) {
        return new ProgressLine(recorder, System.err, standardErrorIsTerminal(), label);
    }

    /** Stops; the last line is ended, so that what follows starts on its own. */
    @Override
    public void close() {
        task.cancel(false);
        timer.shutdownNow();
        synchronized (this) {
            if (terminal && previousCalls > 0) {
                out.print('\r' + " ".repeat(WIDTH) + '\r');
                out.flush();
            }
        }
    }

    private synchronized void print() {
        long nowNs = System.nanoTime();
        String line = line(recorder.drain(), nowNs);
        if (terminal) {
            out.print('\r' + String.format(Locale.ROOT, "%-" + WIDTH + "s", line));
            out.flush();
        } else {
            out.println(line);
        }
    }

    private String line(CallRecorder.Interval interval, long nowNs) {
        long calls = interval.ok() + interval.failed();
        double perSecond = (calls - previousCalls) * 1e9 / (nowNs - previousNs);
        previousCalls = calls;
        previousNs = nowNs;
        Histogram times = interval.times();
        return String.format(
                Locale.ROOT,
                "%s %4.0f s  %d calls  %.0f/s  failed %d  %s p50 %s  p99 %s  max %s",
                label,
                (nowNs - startNs) / 1e9,
                calls,
                perSecond,
                interval.failed(),
                interval.openLoop() ? "response" : "service",
                Quantities.ms(times.getValueAtPercentile(50)),
                Quantities.ms(times.getValueAtPercentile(99)),
                Quantities.ms(times.getMaxValue()));
    }

    /** Java tells only about standard input and output together; the descriptor's own name is exact on Linux. */
    private static boolean standardErrorIsTerminal() {
        Path descriptor = Path.of("/proc/self/fd/2");
        try {
            String name = Files.readSymbolicLink(descriptor).toString();
            return name.startsWith("/dev/pts/") || name.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
