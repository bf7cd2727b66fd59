package io.peregrine.discovery.etcd;

import com.google.protobuf.ByteString;

/**
 * The keys of a service: all that begin with its name and a slash. Immutable.
 *
 * @param text with the slash at its end
 */
record KeyPrefix(String text) {
    /**
     * The keys that the endpoint of a target names; slashes at its end do not matter.
     *
     * @throws IllegalArgumentException if it has nothing but slashes
     */
    static KeyPrefix of(String endpoint) {
        int end = endpoint.length();
        while (end > 0 && endpoint.charAt(end - 1) == '/') {
            end--;
        }
        if (end == 0) {
            throw new IllegalArgumentException(
                    "etcd prefix: \"" + endpoint + "\" (expected: a name, as in services/a)");
        }
        return new KeyPrefix(endpoint.substring(0, end) + '/');
    }

    /** The name of the service: what stands between the last two slashes. */
    String serviceName() {
        String name = text.substring(0, text.length() - 1);
        return name.substring(name.lastIndexOf('/') + 1);
    }

    /** The first key. */
    ByteString first() {
        return ByteString.copyFromUtf8(text);
    }

    /** The first key behind the last: in the place of the slash, the octet that follows it. */
    ByteString end() {
        return ByteString.copyFromUtf8(text.substring(0, text.length() - 1) + (char) ('/' + 1));
    }
}
