package io.peregrine.load.method;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.TypeRegistry;

/**
 * The method under load.
 *
 * @param fullName {@code package.Service/Method}
 * @param input the request's message type
 * @param types every message type that is known, for Any fields in JSON
 */
public record UnaryMethod(String fullName, Descriptor input, TypeRegistry types) {}
