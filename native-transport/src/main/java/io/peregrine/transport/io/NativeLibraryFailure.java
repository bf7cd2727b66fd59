package io.peregrine.transport.io;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;

/** Puts into one sentence why a native library could not be loaded. */
public final class NativeLibraryFailure {
    private NativeLibraryFailure() {}

    /**
     * Returns the deepest cause in words, and the remedy where there is one.
     *
     * <p>From JDK 24 on, the JVM can refuse native access to code that was not granted it ({@code
     * --illegal-native-access=deny}, announced as a later default). Netty reports that several levels deep, among the
     * failures of its other attempts to load the library, so that it is looked for by its type.
     */
    public static String describe(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Throwable> open = new ArrayDeque<>();
        open.add(failure);
        while (!open.isEmpty()) {
            Throwable next = open.remove();
            if (!seen.add(next)) {
                continue;
            }
            if (next instanceof IllegalCallerException) {
                return "the JVM denies native access (start it with --enable-native-access=ALL-UNNAMED)";
            }
            if (next.getCause() != null) {
                open.add(next.getCause());
            }
            Collections.addAll(open, next.getSuppressed());
        }
        return firstLine(root(failure));
    }

    private static Throwable root(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Throwable root = failure;
        while (root.getCause() != null && seen.add(root)) {
            root = root.getCause();
        }
        return root;
    }

    private static String firstLine(Throwable root) {
        String message = root.getMessage();
        if (message == null || message.isBlank()) {
            return root.getClass().getName();
        }
        return message.lines().findFirst().orElse(message);
    }
}
