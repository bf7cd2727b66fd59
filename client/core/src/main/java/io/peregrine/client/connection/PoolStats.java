package io.peregrine.client.connection;

import java.util.List;

/**
 * The connections of a channel at a moment, for dashboards and alarms.
 *
 * @param subchannels one for each address of a policy that it has asked to connect
 * @param waitingCalls how many calls have no connection yet: they wait for the resolver, the policy or a retry
 */
public record PoolStats(List<SubchannelStats> subchannels, int waitingCalls) {
    /** Copies the list. */
    public PoolStats {
        subchannels = List.copyOf(subchannels);
    }

    /** How many connections are in that state. */
    public int connections(ConnectionStats.State state) {
        return subchannels.stream()
                .mapToInt(subchannel -> subchannel.connections(state))
                .sum();
    }

    /** How many calls the connections carry. */
    public int openStreams() {
        return subchannels.stream().mapToInt(SubchannelStats::openStreams).sum();
    }

    /** How many calls have a connection, and wait until it has room. */
    public int waitingStreams() {
        return subchannels.stream().mapToInt(SubchannelStats::waitingStreams).sum();
    }

    /** How many connections were begun so far, by the subchannels that there are. */
    public long attempts() {
        return subchannels.stream().mapToLong(SubchannelStats::attempts).sum();
    }
}
