package io.peregrine.protoc;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * How a class names others: by the simple name of the outermost class if that is free, else from the package on. Who comes
 * first has the name. What the package is known to contain keeps its names, so that nothing is imported over it.
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
        if (!neighbour && messages.contains(self.packageName(), simpleName)) {
            return type.qualifiedName();
        }
        if (!bySimpleName.computeIfAbsent(simpleName, name -> outermost).equals(outermost)) {
            return type.qualifiedName();
        }
        if (!neighbour && !type.packageName().equals(LANGUAGE)) {
            imported.add(outermost.qualifiedName());
        }
        return type.nestedName();
    }

    /** The names to import, sorted. */
    List<String> sorted() {
        return List.copyOf(imported);
    }
}
