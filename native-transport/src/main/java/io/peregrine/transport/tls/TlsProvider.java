package io.peregrine.transport.tls;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslProvider;
import io.peregrine.transport.io.NativeLibraryFailure;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * Which TLS implementation encrypts connections.
 *
 * <p>What {@link #AUTO} stands for is decided at first use and logged then: at {@code DEBUG} when it is BoringSSL, at
 * {@code WARNING} when it is the JDK, which costs a multiple of CPU for each byte and has a remedy.
 */
public enum TlsProvider {
    /** BoringSSL when it is available, else the JDK. */
    AUTO,
    /** BoringSSL through netty-tcnative. */
    BORINGSSL,
    /** The JDK's own TLS. */
    JDK;

    private static final Logger LOGGER = System.getLogger(TlsProvider.class.getPackageName());

    /** Returns whether this machine and this JVM can use the implementation. */
    public boolean isAvailable() {
        return this != BORINGSSL || (OpenSsl.isAvailable() && SslProvider.isAlpnSupported(SslProvider.OPENSSL));
    }

    /** Returns one sentence, without a full stop, that says why the implementation is or is not available. */
    public String reason() {
        return switch (this) {
            case AUTO -> selection().reason();
            case JDK -> "JDK TLS: part of every JDK";
            case BORINGSSL -> boringSslReason();
        };
    }

    /** Returns what {@link #AUTO} stands for in this process and why. */
    public static TlsSelection selection() {
        return Selected.SELECTION;
    }

    /**
     * Returns this, or what {@link #AUTO} stands for.
     *
     * @throws IllegalArgumentException if the implementation is not available; the message says why
     */
    TlsProvider resolve() {
        if (this == AUTO) {
            return selection().provider();
        }
        if (!isAvailable()) {
            throw new IllegalArgumentException("provider: " + this + " cannot be used: " + reason());
        }
        return this;
    }

    private static String boringSslReason() {
        Throwable cause = OpenSsl.unavailabilityCause();
        if (cause != null) {
            return "BoringSSL: not available, because " + NativeLibraryFailure.describe(cause);
        }
        return BORINGSSL.isAvailable()
                ? "BoringSSL: the native library is loaded (" + OpenSsl.versionString() + ")"
                : "BoringSSL: not available, because " + OpenSsl.versionString() + " has no ALPN";
    }

    /** Decides once, on first use: loading the native library is not for those who never speak TLS. */
    private static final class Selected {
        static final TlsSelection SELECTION = select();

        private static TlsSelection select() {
            if (BORINGSSL.isAvailable()) {
                String reason = BORINGSSL.reason();
                LOGGER.log(Level.DEBUG, "TLS by " + reason);
                return new TlsSelection(BORINGSSL, reason);
            }
            String reason = JDK.reason() + "; " + BORINGSSL.reason();
            LOGGER.log(Level.WARNING, "TLS by " + reason);
            return new TlsSelection(JDK, reason);
        }
    }
}
