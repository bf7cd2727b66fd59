package io.peregrine.client;

/**
 * A method of a service: its name, the kind of its calls and how its messages are marshalled. Build it once, by
 * generated code or by hand, and use the same instance for each call: connections keep its encoded headers.
 * Immutable.
 *
 * @param <Q> the request
 * @param <R> the response
 */
public final class MethodDescriptor<Q, R> {
    private final MethodType type;
    private final String fullName;
    private final String serviceName;
    private final String path;
    private final Marshaller<Q> requestMarshaller;
    private final Marshaller<R> responseMarshaller;

    private MethodDescriptor(
            MethodType type, String fullName, Marshaller<Q> requestMarshaller, Marshaller<R> responseMarshaller) {
        this.type = type;
        this.fullName = fullName;
        this.serviceName = fullName.substring(0, fullName.lastIndexOf('/'));
        this.path = '/' + fullName;
        this.requestMarshaller = requestMarshaller;
        this.responseMarshaller = responseMarshaller;
    }

    /**
     * A method of the given type.
     *
     * @param fullName {@code package.Service/Method}, without a leading slash
     * @throws IllegalArgumentException if the name has no service, no method, or a character outside 0x21..0x7E
     */
    public static <Q, R> MethodDescriptor<Q, R> of(
            MethodType type, String fullName, Marshaller<Q> requestMarshaller, Marshaller<R> responseMarshaller) {
        int slash = fullName.lastIndexOf('/');
        boolean visible = fullName.chars().allMatch(letter -> letter > 0x20 && letter < 0x7F);
        if (slash <= 0 || slash == fullName.length() - 1 || fullName.charAt(0) == '/' || !visible) {
            throw new IllegalArgumentException("method name: \"" + fullName + "\" (expected: package.Service/Method)");
        }
        return new MethodDescriptor<>(type, fullName, requestMarshaller, responseMarshaller);
    }

    /** A method with one request and one response; see {@link #of}. */
    public static <Q, R> MethodDescriptor<Q, R> unary(
            String fullName, Marshaller<Q> requestMarshaller, Marshaller<R> responseMarshaller) {
        return of(MethodType.UNARY, fullName, requestMarshaller, responseMarshaller);
    }

    /** A method with any number of requests and one response; see {@link #of}. */
    public static <Q, R> MethodDescriptor<Q, R> clientStreaming(
            String fullName, Marshaller<Q> requestMarshaller, Marshaller<R> responseMarshaller) {
        return of(MethodType.CLIENT_STREAMING, fullName, requestMarshaller, responseMarshaller);
    }

    /** A method with one request and any number of responses; see {@link #of}. */
    public static <Q, R> MethodDescriptor<Q, R> serverStreaming(
            String fullName, Marshaller<Q> requestMarshaller, Marshaller<R> responseMarshaller) {
        return of(MethodType.SERVER_STREAMING, fullName, requestMarshaller, responseMarshaller);
    }

    /** A method with any number of requests and responses; see {@link #of}. */
    public static <Q, R> MethodDescriptor<Q, R> bidiStreaming(
            String fullName, Marshaller<Q> requestMarshaller, Marshaller<R> responseMarshaller) {
        return of(MethodType.BIDI_STREAMING, fullName, requestMarshaller, responseMarshaller);
    }

    /** How many messages its calls have. */
    public MethodType type() {
        return type;
    }

    /** {@code package.Service/Method}. */
    public String fullName() {
        return fullName;
    }

    /** {@code package.Service}. */
    public String serviceName() {
        return serviceName;
    }

    /** {@code /package.Service/Method}, the path of its requests. */
    public String path() {
        return path;
    }

    /** Marshals requests. */
    public Marshaller<Q> requestMarshaller() {
        return requestMarshaller;
    }

    /** Marshals responses. */
    public Marshaller<R> responseMarshaller() {
        return responseMarshaller;
    }

    @Override
    public String toString() {
        return fullName;
    }
}
