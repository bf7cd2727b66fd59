package io.peregrine.client.fleet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/** Draws a run as SVG: latencies above, on a logarithmic scale, and what was the matter with each back end below. */
final class FleetPlot {
    private static final int WIDTH = 900;
    private static final int LEFT = 70;
    private static final int TOP = 40;
    private static final int CURVES = 240;
    private static final int ROW = 14;
    private static final double LEAST_MS = 0.1;
    private static final double MOST_MS = 1000;
    private static final Map<Backend.Trouble, String> COLOURS = Map.of(
            Backend.Trouble.STOPPED, "#c0392b",
            Backend.Trouble.FROZEN, "#2980b9",
            Backend.Trouble.SLOW, "#e67e22",
            Backend.Trouble.RESTARTED, "#27ae60");

    private final StringBuilder svg = new StringBuilder();
    private final FleetRun.Result result;
    private final Windows windows;
    private final double spanNs;

    private FleetPlot(FleetRun.Result result, Windows windows) {
        this.result = result;
        this.windows = windows;
        this.spanNs = (double) windows.windows().size() * windows.length().toNanos();
    }

    static void write(Path file, String title, FleetRun.Result result, Windows windows) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, new FleetPlot(result, windows).draw(title));
    }

    private String draw(String title) {
        int height = TOP + CURVES + 40 + FleetRun.BACKENDS * ROW + 30;
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">",
                WIDTH + LEFT + 20, height);
        add("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
        text(LEFT, 18, "start", title);
        axes();
        curve("#7f8c8d", Windows.Window::p50Ms);
        curve("#2c3e50", Windows.Window::p99Ms);
        failures();
        episodes();
        legend();
        return svg.append("</svg>\n").toString();
    }

    private void axes() {
        for (double ms = LEAST_MS; ms <= MOST_MS; ms *= 10) {
            add(
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>",
                    LEFT, LEFT + WIDTH, y(ms), y(ms));
            text(LEFT - 6, y(ms) + 4, "end", String.format(Locale.ROOT, "%s ms", ms < 1 ? "0.1" : (long) ms));
        }
        for (long second = 0; second * 1e9 <= spanNs; second++) {
            text(x(windows.startNs() + second * 1_000_000_000L), TOP + CURVES + 16.0, "middle", second + " s");
        }
    }

    private void curve(String colour, ToDoubleFunction<Windows.Window> value) {
        StringBuilder points = new StringBuilder();
        List<Windows.Window> all = windows.windows();
        for (int i = 0; i < all.size(); i++) {
            long middleNs = windows.startNs()
                    + windows.length().toNanos() * i
                    + windows.length().toNanos() / 2;
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(middleNs), y(value.applyAsDouble(all.get(i)))));
        }
        add("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"%s\"/>", colour, points);
    }

    private void failures() {
        List<Windows.Window> all = windows.windows();
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).failed() > 0) {
                long middleNs = windows.startNs()
                        + windows.length().toNanos() * i
                        + windows.length().toNanos() / 2;
                text(x(middleNs), TOP + 10.0, "middle", "-" + all.get(i).failed());
            }
        }
    }

    private void episodes() {
        for (int i = 0; i < result.backends().size(); i++) {
            double rowY = TOP + CURVES + 30.0 + i * ROW;
            text(LEFT - 6, rowY + 10, "end", "back end " + (i + 1));
            for (Backend.Episode episode : result.backends().get(i).episodes()) {
                double fromX = x(episode.startNs());
                add(
                        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
                        fromX, rowY, Math.max(2, x(episode.endNs()) - fromX), ROW - 3, colour(episode.trouble()));
            }
        }
    }

    private void legend() {
        double legendY = TOP + CURVES + 30.0 + FleetRun.BACKENDS * ROW + 16;
        double legendX = LEFT;
        for (Backend.Trouble trouble : Backend.Trouble.values()) {
            add(
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"10\" height=\"10\" fill=\"%s\"/>",
                    legendX, legendY - 9, colour(trouble));
            text(legendX + 14, legendY, "start", trouble.name().toLowerCase(Locale.ROOT));
            legendX += 90;
        }
        text(legendX, legendY, "start", "grey: p50, black: p99, above: calls that failed in each window");
    }

    private static String colour(Backend.Trouble trouble) {
        return Objects.requireNonNull(COLOURS.get(trouble));
    }

    private double x(long atNs) {
        return LEFT + (atNs - windows.startNs()) / spanNs * WIDTH;
    }

    private static double y(double ms) {
        double clamped = Math.max(LEAST_MS, Math.min(MOST_MS, ms));
        return TOP + CURVES * (1 - Math.log10(clamped / LEAST_MS) / Math.log10(MOST_MS / LEAST_MS));
    }

    private void text(double x, double y, String anchor, String content) {
        add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", x, y, anchor, content);
    }

    private void add(String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
