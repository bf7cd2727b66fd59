package io.peregrine.discovery.etcd;

import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.resolver.HostPort;
import java.util.List;

/**
 * The members of an etcd cluster and how to talk to them. Immutable.
 *
 * @param members at least one
 * @param user whom to log in as; empty for nobody
 */
record EtcdCluster(List<HostPort> members, ChannelCredentials credentials, String user, String password) {
    /** Copies the list. */
    EtcdCluster {
        members = List.copyOf(members);
        if (members.isEmpty()) {
            throw new IllegalArgumentException("etcd members: [] (expected: at least one)");
        }
    }

    EtcdCluster withMembers(List<HostPort> others) {
        return new EtcdCluster(others, credentials, user, password);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "etcd at " + members;
    }
}
