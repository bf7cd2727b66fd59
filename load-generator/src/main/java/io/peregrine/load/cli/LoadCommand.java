package io.peregrine.load.cli;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The whole command line: {@code run}, which is meant when no command is named, and {@code serve}.
 *
 * <p>Wrong input gives one sentence on standard error and {@link ExitCodes#USAGE}.
 */
@Command(
        name = "peregrine-load",
        mixinStandardHelpOptions = true,
        versionProvider = LoadCommand.Version.class,
        subcommands = {RunCommand.class, ServeCommand.class},
        description =
                "Drives unary gRPC calls and reports their latencies; without a target, against an embedded server.",
        footer = {
            "",
            "Without a command, run is meant: peregrine-load -n 200000 -c 100",
            "Exit codes: 0 all calls OK; 1 a call failed or was not made; 2 wrong usage; 130 interrupted."
        })
public final class LoadCommand {
    private static final Set<String> COMMANDS = Set.of("run", "serve");
    private static final Set<String> ABOUT = Set.of("-h", "--help", "-V", "--version");

    private LoadCommand() {}

    /** Parses and runs {@code args}; returns the exit code. */
    public static int execute(String... args) {
        return execute(utf8(System.out), utf8(System.err), args);
    }

    /** The bars of the histogram need more than ASCII, whatever the locale says. */
    private static PrintWriter utf8(PrintStream stream) {
        return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    }

    static int execute(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new LoadCommand())
                .registerConverter(int.class, LoadCommand::integer)
                .registerConverter(Integer.class, LoadCommand::integer)
                .registerConverter(Long.class, LoadCommand::wholeNumber)
                .registerConverter(double.class, LoadCommand::number)
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler((e, rejected) -> refuse(err, e))
                .setExecutionExceptionHandler((e, command, parsed) -> report(err, e))
                .execute(withCommand(args));
    }

    /** Puts {@code run} before arguments that name no command. */
    private static String[] withCommand(String[] args) {
        if (args.length > 0 && (COMMANDS.contains(args[0]) || ABOUT.contains(args[0]))) {
            return args;
        }
        String[] withRun = new String[args.length + 1];
        withRun[0] = "run";
        System.arraycopy(args, 0, withRun, 1, args.length);
        return withRun;
    }

    private static int refuse(PrintWriter err, ParameterException e) {
        String reason = e instanceof UnmatchedArgumentException unmatched
                ? "argument: " + unmatched.getUnmatched().get(0)
                        + " (expected: an option of this command, or one target)"
                : oneLine(e.getMessage());
        err.println("peregrine-load: " + reason + "; see --help");
        return ExitCodes.USAGE;
    }

    private static long wholeNumber(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException(text + " (expected: a whole number)");
        }
    }

    private static int integer(String text) {
        long number = wholeNumber(text);
        if (number != (int) number) {
            throw new TypeConversionException(text + " (expected: a whole number of at most 2147483647)");
        }
        return (int) number;
    }

    private static double number(String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new TypeConversionException(text + " (expected: a number)");
        }
    }

    private static int report(PrintWriter err, Exception e) {
        if (e instanceof UsageException) {
            err.println("peregrine-load: " + oneLine(e.getMessage()));
            return ExitCodes.USAGE;
        }
        if (e instanceof IOException) {
            err.println("peregrine-load: " + oneLine(e.getMessage()));
            return ExitCodes.FAILED;
        }
        err.println("peregrine-load: a defect in this program, please report it:");
        e.printStackTrace(err);
        return ExitCodes.FAILED;
    }

    private static String oneLine(@Nullable String message) {
        return String.valueOf(message).strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /** The version of the jar. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = LoadCommand.class.getPackage().getImplementationVersion();
            return new String[] {"peregrine-load " + (version == null ? "(not packaged)" : version)};
        }
    }
}
