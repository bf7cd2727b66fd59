package io.peregrine.client.balancer;

import java.net.SocketAddress;
import java.util.Set;

/** The search of {@link PickInfo#untried}, apart from picks, of which few need it. */
final class Untried {
    private Untried() {}

    static int next(PickResult[] results, int drawn, Set<SocketAddress> tried) {
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
