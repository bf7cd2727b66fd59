package io.peregrine.client.credentials;

import io.peregrine.client.MethodDescriptor;

/**
 * What credentials may know of the attempt that they are made for (SPEC CR-1).
 *
 * @param method the method
 * @param authority the {@code :authority} of the request, for example {@code greeter.internal:443}
 * @param secure whether the connection has privacy and integrity
 */
public record CallIdentity(MethodDescriptor<?, ?> method, String authority, boolean secure) {
    private static final String TLS_PORT = ":443";

    /**
     * The service's URI, which is the audience of a JWT for this call (SPEC CR-2):
     * {@code https://<authority without :443>/<service>}.
     */
    public String audience() {
        String host = authority.endsWith(TLS_PORT)
                ? authority.substring(0, authority.length() - TLS_PORT.length())
                : authority;
        return "https://" + host + '/' + method.serviceName();
    }
}
