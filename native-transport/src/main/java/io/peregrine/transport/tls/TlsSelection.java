package io.peregrine.transport.tls;

import static java.util.Objects.requireNonNull;

/**
 * The TLS implementation that {@link TlsProvider#AUTO} stands for and why.
 *
 * @param provider {@link TlsProvider#BORINGSSL} or {@link TlsProvider#JDK}
 * @param reason one sentence for people
 */
public record TlsSelection(TlsProvider provider, String reason) {
    /** Refuses nulls. */
    public TlsSelection {
        requireNonNull(provider, "provider");
        requireNonNull(reason, "reason");
    }
}
