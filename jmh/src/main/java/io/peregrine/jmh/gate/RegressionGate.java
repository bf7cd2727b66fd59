package io.peregrine.jmh.gate;

import io.peregrine.jmh.gate.report.ExitCodes;
import io.peregrine.jmh.gate.results.UnusableInputException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.TypeConversionException;

/**
 * The command line of the gate: {@code record} writes a baseline, {@code check} compares with it.
 *
 * <p>Wrong input gives one sentence on standard error and {@link ExitCodes#CANNOT_JUDGE}.
 */
@Command(
        name = "regression-gate",
        mixinStandardHelpOptions = true,
        subcommands = {RecordCommand.class, CheckCommand.class},
        description = "Compares results of JMH with a baseline, by ratio to a calibration benchmark of the same run.",
        footer = {"", "Exit codes: 0 passed; 1 regression; 2 cannot judge: wrong usage, unusable input, too noisy."})
public final class RegressionGate {
    private RegressionGate() {}

    /** Runs the command line and exits with its code. */
    public static void main(String[] args) {
        System.exit(execute(writer(System.out), writer(System.err), args));
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    /**
     * Parses and runs {@code args}.
     *
     * @return one of {@link ExitCodes}
     */
    public static int execute(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new RegressionGate())
                .registerConverter(double.class, RegressionGate::number)
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, rejected) -> refuse(err, e.getMessage() + "; see --help"))
                .setExecutionExceptionHandler((e, command, parsed) -> report(err, e))
                .execute(args);
    }

    private static double number(String text) {
        try {
            double number = Double.parseDouble(text);
            if (number >= 0 && Double.isFinite(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new TypeConversionException(text + " (expected: a number of at least 0)");
        }
        throw new TypeConversionException(text + " (expected: a number of at least 0)");
    }

    private static int report(PrintWriter err, Exception e) {
        if (e instanceof FileSystemException file) {
            return refuse(
                    err,
                    "file: " + file.getFile() + ": " + UnusableInputException.reasonOf(e)
                            + " (expected: one that can be written)");
        }
        if (e instanceof UnusableInputException || e instanceof IOException) {
            return refuse(err, UnusableInputException.reasonOf(e));
        }
        err.println("regression-gate: a defect in this program, please report it:");
        e.printStackTrace(err);
        return ExitCodes.CANNOT_JUDGE;
    }

    private static int refuse(PrintWriter err, String reason) {
        err.println("regression-gate: " + reason.strip().replaceAll("\\s*\\R\\s*", " "));
        return ExitCodes.CANNOT_JUDGE;
    }
}
