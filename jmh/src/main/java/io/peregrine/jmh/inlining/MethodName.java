package io.peregrine.jmh.inlining;

/**
 * A method as reports name it; overloads share a name.
 *
 * @param className full name of the class, with {@code $} before a nested one
 * @param method name of the method
 */
record MethodName(String className, String method) implements Comparable<MethodName> {
    /** Whether it is the client's own code, not a library's or a measurement's. */
    boolean isOurs() {
        return className.startsWith("io.peregrine.") && !className.startsWith("io.peregrine.jmh.");
    }

    @Override
    public int compareTo(MethodName other) {
        return toString().compareTo(other.toString());
    }

    /** Without the package: {@code FrameWriter.headers}. */
    @Override
    public String toString() {
        return className.substring(className.lastIndexOf('.') + 1) + '.' + method;
    }
}
