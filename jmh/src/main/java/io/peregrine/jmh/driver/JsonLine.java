package io.peregrine.jmh.driver;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One result: a JSON object on one line, of texts and numbers and nothing nested. Texts are names and counts in plain
 * characters; what JSON would have to escape is refused.
 */
public final class JsonLine {
    private static final Pattern FIELD = Pattern.compile("\"(\\w+)\":(?:\"([^\"\\\\]*)\"|(-?[0-9.]+))(?:,|$)");
    private static final Pattern PLAIN_TEXT = Pattern.compile("[^\"\\\\\\p{Cntrl}]*");

    private final Map<String, String> texts = new LinkedHashMap<>();
    private final Map<String, String> literals = new LinkedHashMap<>();

    /** Starts a line. */
    public JsonLine() {}

    /**
     * Reads a line that an instance has printed.
     *
     * @throws IllegalArgumentException if it is anything else
     */
    public static JsonLine parse(String line) {
        JsonLine parsed = new JsonLine();
        if (line.length() < 2 || line.charAt(0) != '{' || line.charAt(line.length() - 1) != '}') {
            throw malformed(line);
        }
        Matcher field = FIELD.matcher(line).region(1, line.length() - 1);
        int end = 1;
        while (field.lookingAt()) {
            if (field.group(2) == null) {
                parsed.literal(field.group(1), field.group(3));
            } else {
                parsed.put(field.group(1), field.group(2));
            }
            end = field.end();
            field.region(end, line.length() - 1);
        }
        if (end != line.length() - 1) {
            throw malformed(line);
        }
        return parsed;
    }

    private static IllegalArgumentException malformed(String line) {
        return new IllegalArgumentException("line: " + line + " (expected: a JSON object of texts and numbers)");
    }

    /**
     * Adds a text.
     *
     * @throws IllegalArgumentException if JSON would have to escape it
     */
    public JsonLine put(String name, String text) {
        if (!PLAIN_TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException(name + ": " + text + " (expected: no quote, backslash or control)");
        }
        texts.put(name, text);
        literals.put(name, '"' + text + '"');
        return this;
    }

    /** Adds a number, with so many digits after the point. */
    public JsonLine put(String name, double number, int digits) {
        return literal(name, String.format(Locale.ROOT, "%." + digits + "f", number));
    }

    private JsonLine literal(String name, String number) {
        literals.put(name, number);
        return this;
    }

    /** The text of that name, or the empty one. */
    public String text(String name) {
        return texts.getOrDefault(name, "");
    }

    /** The number of that name, if there is one. */
    public OptionalDouble number(String name) {
        String literal = literals.get(name);
        return literal == null || texts.containsKey(name)
                ? OptionalDouble.empty()
                : OptionalDouble.of(Double.parseDouble(literal));
    }

    /** The line. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder("{");
        literals.forEach((name, literal) -> line.append(line.length() == 1 ? "" : ",")
                .append('"')
                .append(name)
                .append("\":")
                .append(literal));
        return line.append('}').toString();
    }
}
