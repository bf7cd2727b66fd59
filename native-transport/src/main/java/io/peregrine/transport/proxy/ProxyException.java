package io.peregrine.transport.proxy;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** No tunnel came about. The message is a whole sentence: it names the proxy, the target and the reason. */
public final class ProxyException extends IOException {
    private static final long serialVersionUID = 1L;

    ProxyException(String message) {
        super(message);
    }

    ProxyException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
