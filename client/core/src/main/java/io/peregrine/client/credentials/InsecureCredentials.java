package io.peregrine.client.credentials;

import io.peregrine.transport.tls.ClientTls;
import org.jspecify.annotations.Nullable;

/** No security: plaintext, HTTP/2 with prior knowledge. */
public final class InsecureCredentials extends ChannelCredentials {
    private static final InsecureCredentials INSTANCE = new InsecureCredentials();

    private InsecureCredentials() {}

    /** The credentials. */
    public static InsecureCredentials create() {
        return INSTANCE;
    }

    @Override
    public @Nullable ClientTls tls() {
        return null;
    }
}
