package io.peregrine.jmh.peer;

import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * How a client that is compared is to be set up.
 *
 * @param address of the server, as {@code host:port}
 * @param trust what it trusts the server by, over TLS; null for plaintext
 * @param callbackExecutor where callbacks of calls run; null for where the client runs them by itself
 */
public record ClientSetup(
        String address,
        @Nullable ServerTrust trust,
        @Nullable Executor callbackExecutor) {
    /** Plaintext, and callbacks where the client runs them by itself. */
    public static ClientSetup plaintext(String address) {
        return new ClientSetup(address, null, null);
    }

    /** Plaintext, or TLS if there is something to trust. */
    public static ClientSetup of(String address, @Nullable ServerTrust trust) {
        return new ClientSetup(address, trust, null);
    }

    /** The same with callbacks on {@code executor}. */
    public ClientSetup withCallbackExecutor(Executor executor) {
        return new ClientSetup(address, trust, executor);
    }
}
