package io.peregrine.client.balancer.policy;

import java.net.SocketAddress;
import java.util.Set;

/**
 * Who is told what {@link OutlierDetection} does, for metrics and alarms (gRFC A91, SPEC OD-9). Called in the channel's
 * serialised context: must not block. Endpoints are told apart by their sets of addresses.
 */
public interface EjectionObserver {
    /** How an endpoint was found to be an outlier. */
    enum Detection {
        /** It succeeds less often than the others do. */
        SUCCESS_RATE,
        /** It fails more often than is allowed. */
        FAILURE_PERCENTAGE
    }

    /** Why an outlier was not ejected. */
    enum Unenforced {
        /** By chance: the enforcement percentage is below 100. */
        ENFORCEMENT_PERCENTAGE,
        /** As many are ejected as may be. */
        MAX_EJECTION_OVERFLOW
    }

    /** An endpoint gets no calls for a while. */
    void onEjected(Set<SocketAddress> addresses, Detection detection);

    /** An endpoint is an outlier, and goes on to get calls. */
    default void onUnenforced(Set<SocketAddress> addresses, Detection detection, Unenforced reason) {}

    /** An endpoint that was ejected gets calls again. */
    default void onReturned(Set<SocketAddress> addresses) {}
}
