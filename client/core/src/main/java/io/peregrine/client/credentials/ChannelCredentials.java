package io.peregrine.client.credentials;

import io.peregrine.transport.tls.ClientTls;
import org.jspecify.annotations.Nullable;

/** How the connections of a channel are secured, and what makes its calls known to the server. Immutable. */
public abstract sealed class ChannelCredentials
        permits InsecureCredentials, TlsCredentials, CompositeChannelCredentials {
    ChannelCredentials() {}

    /** The TLS to speak, or null for plaintext. */
    public abstract @Nullable ClientTls tls();

    /** What is applied to each attempt before a call's own credentials, or null for nothing. */
    public @Nullable CallCredentials callCredentials() {
        return null;
    }

    /** These together with credentials for each call; see {@link CompositeChannelCredentials#of}. */
    public final ChannelCredentials withCallCredentials(CallCredentials calls) {
        return CompositeChannelCredentials.of(this, calls);
    }
}
