package io.peregrine.testkit;

import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Seeds of property tests: new ones in every run, printed, and repeatable with {@code -Dseed=...}.
 *
 * <pre>{@code
 * mvn verify -pl allocation -Dseed=-4962768465676381896
 * }</pre>
 */
public final class Seeds {
    /** The system property that replaces the random seed by a given one: a decimal long. */
    public static final String PROPERTY = "seed";

    private Seeds() {}

    /**
     * Returns the seed to use and prints it beside the claim that is tested.
     *
     * @param claim what is tested, for the reader of the log
     * @throws IllegalArgumentException if {@code -Dseed} is not a decimal long
     */
    public static long next(String claim) {
        long seed = parse(System.getProperty(PROPERTY));
        System.out.println("seed: " + seed + " (" + claim + "; repeat with -D" + PROPERTY + '=' + seed + ')');
        return seed;
    }

    /**
     * Returns a generator for {@link #next}.
     *
     * @param claim what is tested, for the reader of the log
     */
    public static SplittableRandom random(String claim) {
        return new SplittableRandom(next(claim));
    }

    private static long parse(@Nullable String given) {
        if (given == null || given.isEmpty()) {
            return ThreadLocalRandom.current().nextLong();
        }
        try {
            return Long.parseLong(given);
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException(PROPERTY + ": " + given + " (expected: a decimal long)", notANumber);
        }
    }
}
