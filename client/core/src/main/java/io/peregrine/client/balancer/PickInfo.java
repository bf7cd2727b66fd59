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

    /** False if {@link #tried} is empty for certain, as it is for most calls: costs a pick next to nothing. */
    default boolean hasTried() {
        return !tried().isEmpty();
    }

    /**
     * Leads a choice away from the servers that the call went to already (SPEC HG-11).
     *
     * @param results what may be chosen
     * @param drawn the index of what was chosen
     * @return the first index from {@code drawn} on, around the end, whose server is not among the tried ones; for a call
     *     that has tried none, or all, {@code drawn} itself
     */
    default int untried(PickResult[] results, int drawn) {
        return hasTried() ? nextUntried(results, drawn, tried()) : drawn;
    }

    private static int nextUntried(PickResult[] results, int drawn, Set<SocketAddress> tried) {
        int at = drawn;
        do {
            SubConn subConn = results[at].subConn();
            if (subConn == null || !tried.contains(subConn.address())) {
                return at;
            }
            at = at + 1 == results.length ? 0 : at + 1;
        } while (at != drawn);
        return drawn;
    }
}
