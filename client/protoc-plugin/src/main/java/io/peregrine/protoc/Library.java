package io.peregrine.protoc;

import java.util.List;

/** The classes that clients use. */
final class Library {
    static final JavaType CALL_OPTIONS = client("CallOptions");
    static final JavaType CANCELLABLE = client("Cancellable");
    static final JavaType CLIENT_CALL = client("ClientCall");
    static final JavaType CLIENT_CONN = client("ClientConn");
    static final JavaType CLIENT_STREAM = client("ClientStream");
    static final JavaType DEADLINE = client("Deadline");
    static final JavaType MARSHALLERS = client("Marshallers");
    static final JavaType METHOD_DESCRIPTOR = client("MethodDescriptor");
    static final JavaType STATUS_EXCEPTION = client("StatusException");
    static final JavaType STREAM_CALLBACK = client("StreamCallback");
    static final JavaType UNARY_CALLBACK = client("UnaryCallback");

    static final JavaType DEPRECATED = JavaType.of("java.lang", "Deprecated");
    static final JavaType STRING = JavaType.of("java.lang", "String");
    static final JavaType SUPPRESS_WARNINGS = JavaType.of("java.lang", "SuppressWarnings");

    static final JavaType COMPLETABLE_FUTURE = JavaType.of("java.util.concurrent", "CompletableFuture");
    static final JavaType DURATION = JavaType.of("java.time", "Duration");
    static final JavaType GENERATED = JavaType.of("javax.annotation.processing", "Generated");
    static final JavaType PUBLISHER = new JavaType("java.util.concurrent", List.of("Flow", "Publisher"));

    private Library() {}

    private static JavaType client(String name) {
        return JavaType.of("io.peregrine.client", name);
    }
}
