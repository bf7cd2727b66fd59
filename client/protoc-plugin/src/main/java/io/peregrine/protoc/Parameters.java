package io.peregrine.protoc;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What the build file says to the plugin: {@code name=value}, separated by commas.
 *
 * @param suffix what is added to the name of a service to name its client, from a capital letter on; default
 *     {@code Client}
 * @param visibility who sees the clients; default everybody
 * @param generated whether clients carry the JDK's {@code @Generated}, which named modules see only if they require
 *     {@code java.compiler}; default no
 */
record Parameters(String suffix, Visibility visibility, boolean generated) {
    /** What holds where nothing is said. */
    static final Parameters DEFAULT = new Parameters("Client", Visibility.PUBLIC, false);

    private static final Pattern SUFFIX = Pattern.compile("[A-Z][A-Za-z0-9_]*");

    /** Who sees the clients. */
    enum Visibility {
        /** Everybody. */
        PUBLIC("public "),
        /** Their package. */
        PACKAGE("");

        private final String modifier;

        Visibility(String modifier) {
            this.modifier = modifier;
        }

        /** The modifier of the class, with a space behind it if there is one. */
        String modifier() {
            return modifier;
        }
    }

    /**
     * The parameters in the text; empty for none.
     *
     * @throws GeneratorException if a name or a value is unknown, or a name comes twice
     */
    static Parameters parse(String text) {
        Parameters parameters = DEFAULT;
        Set<String> seen = new HashSet<>();
        for (String part : text.split(",", -1)) {
            if (part.isBlank()) {
                continue;
            }
            int equals = part.indexOf('=');
            String name = (equals < 0 ? part : part.substring(0, equals)).strip();
            String value = equals < 0 ? "" : part.substring(equals + 1).strip();
            if (!seen.add(name)) {
                throw new GeneratorException("parameter " + name + ": given twice (expected: once)");
            }
            parameters = parameters.with(name, value);
        }
        return parameters;
    }

    private Parameters with(String name, String value) {
        return switch (name) {
            case "suffix" -> new Parameters(suffixOf(value), visibility, generated);
            case "visibility" -> new Parameters(suffix, visibilityOf(value), generated);
            case "generated" -> new Parameters(suffix, visibility, generatedOf(value));
            default ->
                throw new GeneratorException(
                        "parameter \"" + name + "\": unknown (expected: suffix, visibility or generated)");
        };
    }

    private static String suffixOf(String value) {
        if (!SUFFIX.matcher(value).matches()) {
            throw wrong("suffix", value, "a capital letter, then letters, digits and underscores");
        }
        return value;
    }

    private static Visibility visibilityOf(String value) {
        return switch (value) {
            case "public" -> Visibility.PUBLIC;
            case "package" -> Visibility.PACKAGE;
            default -> throw wrong("visibility", value, "public or package");
        };
    }

    private static boolean generatedOf(String value) {
        return switch (value) {
            case "jdk" -> true;
            case "omit" -> false;
            default -> throw wrong("generated", value, "jdk or omit");
        };
    }

    private static GeneratorException wrong(String name, String value, String expected) {
        return new GeneratorException("parameter " + name + ": \"" + value + "\" (expected: " + expected + ")");
    }
}
