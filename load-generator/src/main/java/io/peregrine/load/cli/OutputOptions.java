package io.peregrine.load.cli;

import io.peregrine.load.report.JsonDocument;
import io.peregrine.load.report.RunReport;
import io.peregrine.load.report.TextSummary;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the report goes, and in which form. */
final class OutputOptions {
    @Option(
            names = {"-O", "--format"},
            paramLabel = "FORMAT",
            defaultValue = "summary",
            description = "Report on standard output: summary or json. Default: ${DEFAULT-VALUE}")
    private Format format = Format.SUMMARY;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the report as JSON to a file, too")
    private @Nullable Path json;

    @Option(names = "--latency", description = "Append the detailed percentile spectrum, as wrk2 prints it")
    private boolean latency;

    @Option(names = "--no-progress", description = "No progress line on standard error")
    private boolean noProgress;

    boolean progress() {
        return !noProgress;
    }

    /** Refuses a JSON file that cannot be written before the run instead of after it. */
    void check() {
        Path file = json;
        if (file == null) {
            return;
        }
        Path directory = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || directory == null || !Files.isWritable(directory)) {
            throw new UsageException("json: " + file + " (expected: a file in a writable directory)");
        }
    }

    void write(RunReport report, PrintWriter out) throws IOException {
        out.print(format == Format.JSON ? JsonDocument.format(report) : TextSummary.format(report, latency));
        out.flush();
        Path file = json;
        if (file != null) {
            Files.writeString(file, JsonDocument.format(report));
        }
    }

    /** Forms of the report. */
    enum Format {
        /** For people. */
        SUMMARY,
        /** For programs. */
        JSON
    }
}
