package io.peregrine.client.connection;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The connections of a channel at a moment, for dashboards and alarms.
 *
 * @param subchannels one for each address of a policy that it has asked to connect
 * @param waitingCalls how many calls have no connection yet: they wait for the resolver, the policy or a retry
 * @param disconnections how many connections that were ready are not any more, since the channel was made, by what put an
 *     end to them: a value of gRPC's {@code grpc.disconnect_error} (gRFC A94, SPEC SC-11), such as {@code GOAWAY NO_ERROR},
 *     {@code connection reset}, {@code connection timed out} or {@code subchannel shutdown}. One that was replaced for its age
 *     is not among them
 */
public record PoolStats(List<SubchannelStats> subchannels, int waitingCalls, Map<String, Long> disconnections) {
    /** Copies the list and the map. */
    public PoolStats {
        subchannels = List.copyOf(subchannels);
        disconnections = Collections.unmodifiableMap(new TreeMap<>(disconnections));
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
