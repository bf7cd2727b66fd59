package io.peregrine.client.credentials;

import io.peregrine.transport.tls.ClientTls;
import org.jspecify.annotations.Nullable;

/** How the connections of a channel are secured. Immutable. */
public abstract sealed class ChannelCredentials permits InsecureCredentials, TlsCredentials {
    ChannelCredentials() {}

    /** The TLS to speak, or null for plaintext. */
    public abstract @Nullable ClientTls tls();
}
