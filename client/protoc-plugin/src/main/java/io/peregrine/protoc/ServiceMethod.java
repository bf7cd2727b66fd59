package io.peregrine.protoc;

import com.google.protobuf.Descriptors.MethodDescriptor;

/**
 * A method of a service, and the names that it has in Java.
 *
 * @param method the method
 * @param constant the field with its descriptor
 * @param name the method of the client whose caller waits
 * @param async the one with a callback
 * @param future the one that returns a future
 * @param flow the one that returns a publisher
 * @param request the class of its requests
 * @param response the class of its responses
 */
record ServiceMethod(
        MethodDescriptor method,
        String constant,
        String name,
        String async,
        String future,
        String flow,
        JavaType request,
        JavaType response) {

    /** What the server knows it by: {@code package.Service/Method}. */
    String fullName() {
        return method.getService().getFullName() + '/' + method.getName();
    }

    /** Whether a call sends exactly one message. */
    boolean hasOneRequest() {
        return !method.isClientStreaming();
    }

    /** Whether a call that succeeds receives exactly one message. */
    boolean hasOneResponse() {
        return !method.isServerStreaming();
    }

    /** Whether the .proto says so of this method. */
    boolean isDeprecated() {
        return method.getOptions().getDeprecated();
    }

    /** Whether naming its messages is naming what is deprecated. */
    boolean namesDeprecated() {
        return MessageClasses.isDeprecated(method.getInputType())
                || MessageClasses.isDeprecated(method.getOutputType());
    }

    /** The factory of {@code io.peregrine.client.MethodDescriptor}. */
    String factory() {
        if (hasOneRequest()) {
            return hasOneResponse() ? "unary" : "serverStreaming";
        }
        return hasOneResponse() ? "clientStreaming" : "bidiStreaming";
    }
}
