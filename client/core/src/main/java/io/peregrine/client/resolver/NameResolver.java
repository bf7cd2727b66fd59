package io.peregrine.client.resolver;

import io.peregrine.client.Status;
import java.util.List;

/**
 * Finds the endpoints of one target and reports them as they change (SPEC 2.4). The channel calls its methods one at
 * a time; it may report from any thread.
 */
public interface NameResolver {
    /** Who is told. May be called from any thread; calls after {@link NameResolver#close} are ignored. */
    interface Listener {
        /**
         * The endpoints are now these.
         *
         * @param endpoints in order of preference; an empty list counts as an error (RS-3)
         */
        void onEndpoints(List<Endpoint> endpoints);

        /**
         * The endpoints are now these, with what else the resolver knows of them. A listener that wants endpoints only
         * need not care.
         */
        default void onResolution(Resolution resolution) {
            onEndpoints(resolution.endpoints());
        }

        /** Resolution failed; earlier endpoints stay in use (RS-2). */
        void onError(Status status);
    }

    /** Begins. Called once. */
    void start(Listener listener);

    /** A hint that the endpoints may have changed; cheap, and coalesced (RS-4). */
    void resolveNow();

    /**
     * The last answer was of no use, or there was none: ask again, even if it is too early for {@link #resolveNow}. Called
     * in the rhythm of the connections' backoff (RS-1).
     */
    default void retry() {
        resolveNow();
    }

    /**
     * The network may be back: what waits for the end of a backoff of the resolver's own is done now, and the next delay is
     * the first (SPEC SC-6). Default: does nothing, for resolvers without one; {@link #retry} is called as well if the
     * channel waits.
     */
    default void resetBackoff() {}

    /** Ends; nothing is reported afterwards. */
    void close();

    /** A resolver that reports one thing and never another, for schemes whose targets are the answer. */
    static NameResolver fixed(Resolution resolution) {
        return new FixedResolver(resolution);
    }
}
