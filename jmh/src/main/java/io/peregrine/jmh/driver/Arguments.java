package io.peregrine.jmh.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A command line of the drivers: values in their order, and options that are a name and a value each. */
public final class Arguments {
    private static final String OPTION = "--";

    private final String usage;
    private final List<String> values = new ArrayList<>();
    private final Map<String, String> options = new HashMap<>();

    private Arguments(String usage) {
        this.usage = usage;
    }

    /**
     * Takes a command line apart.
     *
     * @param usage what the exceptions say was expected
     * @param least so many values are expected at least
     * @param most so many values are expected at most
     * @param options the names that options may have, with their two dashes
     * @throws IllegalArgumentException if there are more or fewer values, or an option is unknown or has no value
     */
    public static Arguments parse(String usage, int least, int most, Set<String> options, String... args) {
        Arguments parsed = new Arguments(usage);
        for (int i = 0; i < args.length; i++) {
            if (!args[i].startsWith(OPTION)) {
                parsed.values.add(args[i]);
            } else if (!options.contains(args[i]) || i + 1 == args.length) {
                throw parsed.unexpected(args[i]);
            } else {
                parsed.options.put(args[i], args[i + 1]);
                i++;
            }
        }
        if (parsed.values.size() < least || parsed.values.size() > most) {
            throw parsed.unexpected(parsed.values.size() + " values");
        }
        return parsed;
    }

    /** The value at {@code index}, from 0. */
    public String value(int index) {
        return values.get(index);
    }

    /** The value at {@code index}, from 0, or {@code other} if there are not so many. */
    public String value(int index, String other) {
        return index < values.size() ? values.get(index) : other;
    }

    /**
     * The whole number at {@code index}.
     *
     * @throws IllegalArgumentException if it is none above 0
     */
    public int number(int index) {
        return positive(values.get(index));
    }

    /** The option's value, or null. */
    public @Nullable String option(String name) {
        return options.get(name);
    }

    /** The option's value, or {@code other}. */
    public String option(String name, String other) {
        return options.getOrDefault(name, other);
    }

    /**
     * The option's whole number, or {@code other}.
     *
     * @throws IllegalArgumentException if it is none above 0
     */
    public int option(String name, int other) {
        String text = options.get(name);
        return text == null ? other : positive(text);
    }

    private int positive(String text) {
        if (!text.matches("[1-9][0-9]{0,8}")) {
            throw unexpected(text);
        }
        return Integer.parseInt(text);
    }

    private IllegalArgumentException unexpected(String what) {
        return new IllegalArgumentException("arguments: " + what + " (expected: " + usage + ')');
    }
}
