package io.peregrine.jmh.gate.judgement;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import io.peregrine.jmh.gate.results.Observations;
import io.peregrine.jmh.gate.results.UnusableInputException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What later runs are compared with: a JSON file to be checked in.
 *
 * @param format {@value #FORMAT}; another one is refused
 * @param environment where it was recorded
 * @param rules the calibrations, so that a check measures as the baseline was
 * @param entries one for each subject, in their order, so that a new recording makes a small diff
 */
public record Baseline(int format, Environment environment, List<CalibrationRule> rules, List<Entry> entries) {
    /** What is written and read. */
    public static final int FORMAT = 1;

    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
    private static final String EXPECTED = " (expected: a baseline written by the command record)";

    /**
     * What was recorded of a subject.
     *
     * @param subject the subject
     * @param ratio the median of its ratios to the calibration
     * @param noise half the range of the ratios, as a share of the median
     * @param observations how many ratios there were
     * @param costNs the median cost of an operation on the machine that recorded; for the reader, it is not compared
     * @param unit JMH's unit of the score; for the reader
     * @param bytesPerOperation the median of heap bytes; null if not measured
     * @param bytesNoise half the range of the heap bytes, in bytes
     */
    public record Entry(
            Subject subject,
            double ratio,
            double noise,
            int observations,
            double costNs,
            String unit,
            @Nullable Double bytesPerOperation,
            double bytesNoise) {
        /** Turns what was observed into what will be expected. */
        public static Entry of(Observed observed) {
            Observations bytes = observed.bytesPerOperation();
            return new Entry(
                    observed.subject(),
                    observed.ratios().median(),
                    observed.noise(),
                    observed.ratios().count(),
                    observed.costsNs().median(),
                    observed.unit(),
                    bytes == null ? null : (Double) bytes.median(),
                    bytes == null ? 0 : bytes.halfRange());
        }

        private boolean isComplete() {
            return subject != null
                    && subject.benchmark() != null
                    && subject.benchmark().name() != null
                    && subject.benchmark().params() != null
                    && subject.benchmark().mode() != null
                    && subject.metric() != null
                    && subject.calibration() != null
                    && subject.calibration().name() != null
                    && subject.calibration().params() != null
                    && subject.calibration().mode() != null
                    && ratio > 0
                    && noise >= 0;
        }
    }

    /** Reads the file. */
    public static Baseline read(Path file) {
        Baseline baseline;
        try (Reader reader = Files.newBufferedReader(file)) {
            baseline = GSON.fromJson(reader, Baseline.class);
        } catch (IOException | JsonParseException e) {
            throw new UnusableInputException(
                    "baseline: " + file + " cannot be read: " + UnusableInputException.reasonOf(e) + EXPECTED, e);
        }
        if (baseline == null || !baseline.isComplete()) {
            throw new UnusableInputException("baseline: " + file + " lacks a field or has no entries" + EXPECTED);
        }
        if (baseline.format != FORMAT) {
            throw new UnusableInputException(
                    "baseline: " + file + " has format " + baseline.format + " (expected: " + FORMAT + ")");
        }
        return baseline;
    }

    private boolean isComplete() {
        return environment != null
                && environment.jdk() != null
                && environment.flags() != null
                && rules != null
                && !rules.isEmpty()
                && entries != null
                && !entries.isEmpty()
                && entries.stream().allMatch(entry -> entry != null && entry.isComplete());
    }

    /** Writes the file. */
    public void write(Path file) throws IOException {
        Files.writeString(file, GSON.toJson(this) + '\n');
    }
}
