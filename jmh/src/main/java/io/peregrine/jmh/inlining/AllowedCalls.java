package io.peregrine.jmh.inlining;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The virtual calls that may stay, each with its reason in the file; also which of them were seen. */
final class AllowedCalls {
    private static final Pattern LINE = Pattern.compile("(\\S+) -> (\\S+) : \\S.*");

    private final Set<String> allowed;
    private final Set<String> seen = new HashSet<>();

    private AllowedCalls(Set<String> allowed) {
        this.allowed = allowed;
    }

    /** Reads lines of the form {@code Caller.method -> Callee.method : reason}; {@code #} begins a comment line. */
    static AllowedCalls read(Path file) throws IOException {
        Set<String> allowed = new TreeSet<>();
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                throw new IOException(file + ", line " + (i + 1) + ": " + line
                        + " (expected: Caller.method -> Callee.method : reason)");
            }
            allowed.add(key(matcher.group(1), matcher.group(2)));
        }
        return new AllowedCalls(allowed);
    }

    /** Whether the call is in the file. */
    boolean allows(Refusal call) {
        String key = key(call.caller().toString(), call.callee().toString());
        seen.add(key);
        return allowed.contains(key);
    }

    /** What is in the file and was never asked for: lines that may go. */
    Set<String> unused() {
        Set<String> unused = new TreeSet<>(allowed);
        unused.removeAll(seen);
        return unused;
    }

    private static String key(String caller, String callee) {
        return caller + " -> " + callee;
    }
}
