package io.peregrine.protoc;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * How a class names others: by the simple name of the outermost class if that is free, else from the package on. Who comes
 * first has the name. An import counts for more than what else is in the package, but java.lang counts for less, and is
 * imported by nobody: so its classes are named from the package on where a neighbour has their name.
 */
final class Imports {
    private static final String LANGUAGE = "java.lang";

    private final JavaType self;
    private final MessageClasses messages;
    private final Map<String, JavaType> bySimpleName = new HashMap<>();
    private final TreeSet<String> imported = new TreeSet<>();

    /** For the source of that class. */
    Imports(JavaType self, MessageClasses messages) {
        this.self = self;
        this.messages = messages;
        bySimpleName.put(self.topLevel(), self.outermost());
    }

    /** How the source names the type. */
    String name(JavaType type) {
        JavaType outermost = type.outermost();
        String simpleName = type.topLevel();
        boolean neighbour = type.packageName().equals(self.packageName());
        boolean language = type.packageName().equals(LANGUAGE);
        if (language && messages.contains(self.packageName(), simpleName)) {
            return type.qualifiedName();
        }
        if (!bySimpleName.computeIfAbsent(simpleName, name -> outermost).equals(outermost)) {
            return type.qualifiedName();
        }
        if (!neighbour && !language) {
            imported.add(outermost.qualifiedName());
        }
        return type.nestedName();
    }

    /** The names to import, sorted. */
    List<String> sorted() {
        return List.copyOf(imported);
    }
}
