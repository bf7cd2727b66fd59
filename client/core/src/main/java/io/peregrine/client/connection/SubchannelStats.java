package io.peregrine.client.connection;

import io.peregrine.client.ConnectivityState;
import java.net.SocketAddress;
import java.util.List;

/**
 * The connections to one address at a moment. Taken without stopping anything, so the numbers may be of slightly
 * different moments.
 *
 * @param address the server
 * @param state the subchannel's
 * @param connections those that take calls first, oldest first
 * @param maxConnections how many it may have now
 * @param attempts how many connections were begun so far
 * @param failedAttempts how many of those never became ready
 */
public record SubchannelStats(
        SocketAddress address,
        ConnectivityState state,
        List<ConnectionStats> connections,
        int maxConnections,
        long attempts,
        long failedAttempts) {
    /** Copies the list. */
    public SubchannelStats {
        connections = List.copyOf(connections);
    }

    /** How many connections are in that state. */
    public int connections(ConnectionStats.State wanted) {
        return (int) connections.stream()
                .filter(connection -> connection.state() == wanted)
                .count();
    }

    /** How many calls the connections carry. */
    public int openStreams() {
        return connections.stream().mapToInt(ConnectionStats::openStreams).sum();
    }

    /** How many calls wait until a connection has room. */
    public int waitingStreams() {
        return connections.stream().mapToInt(ConnectionStats::waitingStreams).sum();
    }
}
