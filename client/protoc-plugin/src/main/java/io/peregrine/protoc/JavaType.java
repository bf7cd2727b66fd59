package io.peregrine.protoc;

import java.util.List;

/**
 * A Java class.
 *
 * @param packageName empty for the unnamed package
 * @param names the class, preceded by those that it is nested in, from the outermost one
 */
record JavaType(String packageName, List<String> names) {
    /** A class that is not nested. */
    static JavaType of(String packageName, String name) {
        return new JavaType(packageName, List.of(name));
    }

    /** The outermost class. */
    String topLevel() {
        return names.get(0);
    }

    /** From the outermost class on. */
    String nestedName() {
        return String.join(".", names);
    }

    /** From the package on. */
    String qualifiedName() {
        return packageName.isEmpty() ? nestedName() : packageName + '.' + nestedName();
    }

    /** Where its source is, below a source directory. */
    String fileName() {
        return (packageName.isEmpty() ? "" : packageName.replace('.', '/') + '/') + topLevel() + ".java";
    }

    /** The outermost class of this one. */
    JavaType outermost() {
        return of(packageName, topLevel());
    }
}
