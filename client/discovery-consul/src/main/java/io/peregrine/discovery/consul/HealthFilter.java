package io.peregrine.discovery.consul;

import java.util.Locale;

/** Which instances of a service count, by the worst of their checks and those of their node. */
public enum HealthFilter {
    /** All checks pass; the default. */
    PASSING,

    /** No check is critical. An instance with a warning gets its weight for warnings. */
    WARNING,

    /** All, whatever their checks say. */
    ANY;

    private static final String CRITICAL = "critical";

    /** Whether an instance counts whose worst check has this status. */
    boolean admits(String worst) {
        return switch (this) {
            case PASSING -> worst.equals("passing");
            case WARNING -> !worst.equals(CRITICAL);
            case ANY -> true;
        };
    }

    /** The filter of that name, in lower case. */
    static HealthFilter named(String name) {
        for (HealthFilter filter : values()) {
            if (filter.name().toLowerCase(Locale.ROOT).equals(name)) {
                return filter;
            }
        }
        throw new IllegalArgumentException("health: \"" + name + "\" (expected: passing, warning or any)");
    }
}
