package io.peregrine.client.balancer;

import io.peregrine.client.CallOptions;
import io.peregrine.client.MethodDescriptor;
import java.net.SocketAddress;
import java.util.Set;

/** What a picker may know of a call. Valid during {@link Picker#pick} only: the object is used again for other calls. */
public interface PickInfo {
    /** The method. */
    MethodDescriptor<?, ?> method();

    /** The options, with the metadata. */
    CallOptions options();

    /**
     * The servers that attempts of the same call went to already, which a picker should avoid if it can (SPEC HG-11);
     * usually none. Makes a set each time: ask where there is a choice.
     */
    default Set<SocketAddress> tried() {
        return Set.of();
    }
}
