package io.peregrine.transport.http2;

import io.peregrine.allocation.ownership.EventLoopConfined;

/** Why a connection will be no more, which its listener is told once: the first reason counts. Confined to the event loop. */
@EventLoopConfined
final class Disconnection {
    private final TransportListener listener;
    private boolean told;

    Disconnection(TransportListener listener) {
        this.listener = listener;
    }

    void tell(DisconnectReason reason) {
        if (!told) {
            told = true;
            listener.onDisconnect(reason);
        }
    }
}
