package io.peregrine.jmh.inlining;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The methods that docs/ARCHITECTURE.md names on its walk along the hot path; a test of the client keeps the names true.
 *
 * @param methods {@code Class.method} without packages, in the order of the walk
 */
record HotPath(List<String> methods) {
    private static final Pattern CLASS_AND_METHOD = Pattern.compile("`([A-Z]\\w+\\.[a-z]\\w+)`");
    private static final Pattern HEADING = Pattern.compile("(?m)^## ");
    private static final String WALK = "The hot path";

    /** Reads the numbered list. */
    static HotPath read(Path document) throws IOException {
        List<String> methods = HEADING.splitAsStream(Files.readString(document))
                .filter(section -> section.startsWith(WALK))
                .flatMap(section -> CLASS_AND_METHOD.matcher(section).results())
                .map(name -> name.group(1))
                .distinct()
                .toList();
        if (methods.isEmpty()) {
            throw new IOException("hot path: " + document + " names no method (expected: a section \"## " + WALK
                    + "...\" with `Class.method` in it)");
        }
        return new HotPath(methods);
    }
}
