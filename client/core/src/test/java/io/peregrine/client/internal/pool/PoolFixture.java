package io.peregrine.client.internal.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.SubchannelStats;
import io.peregrine.client.internal.FakeTransport;
import io.peregrine.client.internal.control.SyncContext;
import io.peregrine.client.internal.control.TestBackoffs;
import io.peregrine.testkit.VirtualTimer;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportListener;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** A pool of connections to one address, in virtual time, with transports whose events the test makes. */
abstract class PoolFixture {
    static final SocketAddress ADDRESS = new InetSocketAddress(InetAddress.getLoopbackAddress(), 443);

    final VirtualTimer timer = new VirtualTimer();
    final List<Throwable> uncaught = new ArrayList<>();
    final SyncContext context = new SyncContext(timer, uncaught::add);
    final List<FakeTransport> opened = new ArrayList<>();
    final List<ClientTransport> closed = new ArrayList<>();
    final List<ConnectivityState> states = new ArrayList<>();
    final List<Status> statuses = new ArrayList<>();
    List<ClientTransport> published = List.of();
    int otherConnections;
    int losses;
    double random = 0.5;
    PoolDirectory directory = PoolDirectory.ofSingles();
    ConnectionPool pool = newPool(ConnectionScaling.single());

    @AfterEach
    void nothingWasThrownInTheContext() {
        assertThat(uncaught).isEmpty();
    }

    ConnectionPool newPool(ConnectionScaling scaling) {
        directory = new PoolDirectory(scaling, () -> random);
        return new ConnectionPool(new Owner(), TestBackoffs.exact(timer), context, directory);
    }

    void use(ConnectionScaling scaling) {
        pool = newPool(scaling);
    }

    void max(int connections) {
        use(ConnectionScaling.builder().maxConnections(connections).build());
    }

    void connect() {
        context.execute(pool::connect);
    }

    void connectAndBeReady() {
        connect();
        last().listener().onReady();
    }

    /** The connection is full and has calls that wait, so that there is one more, which is ready. */
    void fillAndGrow(int index) {
        load(index, 2, 1, 2);
        opened.get(index).listener().onPressure();
        last().capacity().set(0, 0, 2);
        last().listener().onReady();
    }

    void load(int index, int open, int waiting, int limit) {
        opened.get(index).capacity().set(open, waiting, limit);
    }

    SubchannelStats stats() {
        return directory.stats().get(0);
    }

    FakeTransport last() {
        return opened.get(opened.size() - 1);
    }

    final class Owner implements ConnectionPool.Owner {
        @Override
        public SocketAddress address() {
            return ADDRESS;
        }

        @Override
        public ClientTransport open(long backoffNs, TransportListener listener) {
            FakeTransport transport = new FakeTransport(ADDRESS);
            transport.listener = listener;
            opened.add(transport);
            return transport;
        }

        @Override
        public void publish(List<ClientTransport> carriers) {
            published = carriers;
        }

        @Override
        public void onState(ConnectivityState state, Status status) {
            context.requireInContext();
            if (state != ConnectivityState.SHUTDOWN) {
                states.add(state);
                statuses.add(status);
            }
        }

        @Override
        public void onOtherConnections() {
            otherConnections++;
        }

        @Override
        public void onLost() {
            losses++;
        }

        @Override
        public void onTooManyPings(@Nullable KeepAliveOptions keepAlive) {}

        @Override
        public void onClosed(ClientTransport transport) {
            closed.add(transport);
        }
    }
}
