package io.peregrine.client.credentials;

import io.peregrine.client.MethodDescriptor;

/**
 * What credentials may know of the attempt that they are made for (SPEC CR-1).
 *
 * @param method the method
 * @param authority the {@code :authority} of the request, for example {@code greeter.internal:443}
 * @param secure whether the connection has privacy and integrity
 */
public record CallIdentity(MethodDescriptor<?, ?> method, String authority, boolean secure) {}
