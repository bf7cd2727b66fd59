package io.peregrine.jmh.peer;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.credentials.InsecureCredentials;

/** A channel of Peregrine with its defaults, to one address. */
public final class PeregrineChannel {
    private PeregrineChannel() {}

    /** A builder whose channel goes there. */
    public static ClientConnBuilder builder(ClientSetup setup) {
        ServerTrust trust = setup.trust();
        return ClientConn.builder("passthrough:///" + setup.address())
                .credentials(trust == null ? InsecureCredentials.create() : trust.forPeregrine());
    }

    static CallOptions options(ClientSetup setup) {
        return setup.callbackExecutor() == null
                ? CallOptions.DEFAULT
                : CallOptions.DEFAULT.withExecutor(setup.callbackExecutor());
    }
}
