package io.peregrine.client.internal.control;

import io.peregrine.transport.http2.ClientTransport;

/** A callback that wants to know which connection carries its call. */
public interface TransportListener {
    /**
     * An attempt of the call is about to start on {@code transport}; of several attempts the last one counts. On the thread
     * that starts it, before all that its stream tells, and never at the same time as the callback's other methods.
     */
    void onTransport(ClientTransport transport);
}
