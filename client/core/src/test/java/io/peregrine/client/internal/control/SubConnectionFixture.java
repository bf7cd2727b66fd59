package io.peregrine.client.internal.control;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.SHUTDOWN;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.internal.FakeTransport;
import io.peregrine.client.internal.pool.PoolDirectory;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.testkit.VirtualTimer;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportListener;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One subchannel, in virtual time, whose transports go where the test says. */
abstract class SubConnectionFixture {
    static final SocketAddress ADDRESS = new InetSocketAddress(InetAddress.getLoopbackAddress(), 443);
    final ConnectException cause = new ConnectException("refused");

    final VirtualTimer timer = new VirtualTimer();
    final List<Throwable> uncaught = new ArrayList<>();
    final SyncContext context = new SyncContext(timer, uncaught::add);
    final List<FakeTransport> opened = new ArrayList<>();
    final List<ClientTransport> closed = new ArrayList<>();
    final List<ConnectivityState> states = new ArrayList<>();
    final List<Status> statuses = new ArrayList<>();
    final List<@Nullable KeepAliveOptions> refusedKeepAlives = new ArrayList<>();
    final List<ConnectivityState> health = new ArrayList<>();
    final List<HealthWatch> watches = new ArrayList<>();

    @Nullable
    String healthService;

    PoolDirectory pools = PoolDirectory.ofSingles();
    int resolveNows;
    boolean refuseToOpen;

    final List<Duration> offeredBackoffs = new ArrayList<>();
    final AddressBackoff backoff = new AddressBackoff(timer::nanoTime, new Backoff(() -> 0.5));
    final SubConnection subConnection = newSubConnection();

    SubConnection newSubConnection() {
        return new SubConnection(ADDRESS, Attributes.EMPTY, backoff, context, new Channel(), (state, status) -> {
            context.requireInContext();
            states.add(state);
            statuses.add(status);
        });
    }

    enum Event {
        CONNECT,
        ON_READY,
        ON_DRAINING,
        ON_TERMINATED,
        BACKOFF_OVER,
        SHUT_DOWN
    }

    void bring(ConnectivityState to) {
        switch (to) {
            case IDLE -> {}
            case CONNECTING -> happen(Event.CONNECT);
            case READY -> {
                bring(CONNECTING);
                happen(Event.ON_READY);
            }
            case TRANSIENT_FAILURE -> {
                bring(CONNECTING);
                happen(Event.ON_TERMINATED);
            }
            case SHUTDOWN -> {
                bring(READY);
                happen(Event.SHUT_DOWN);
            }
            default -> throw new AssertionError(to);
        }
    }

    void happen(Event event) {
        switch (event) {
            case CONNECT -> context.execute(subConnection::connect);
            case ON_READY -> opened.forEach(transport -> transport.listener().onReady());
            case ON_DRAINING -> opened.forEach(transport -> transport.listener().onDraining("GOAWAY"));
            case ON_TERMINATED -> opened.forEach(transport -> transport.terminate("ended", null));
            case BACKOFF_OVER -> timer.advance(Duration.ofSeconds(2));
            case SHUT_DOWN -> {
                context.execute(subConnection::shutdown);
                states.add(SHUTDOWN);
            }
            default -> throw new AssertionError(event);
        }
    }

    void connect() {
        context.execute(subConnection::connect);
    }

    void loseAtOnce() {
        connect();
        last().listener().onReady();
        last().listener().onDraining("127.0.0.1:443 sent GOAWAY NO_ERROR");
        last().terminate("closed", null);
    }

    void failOnce() {
        timer.advance(Duration.ofMinutes(3));
        context.execute(subConnection::connect);
        last().terminate("refused", cause);
    }

    /** SHUTDOWN is not reported: whoever asked for it knows. */
    ConnectivityState state() {
        return states.isEmpty() ? IDLE : states.get(states.size() - 1);
    }

    FakeTransport last() {
        return opened.get(opened.size() - 1);
    }

    final class Channel implements SubConnection.Channel {
        @Override
        public ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener) {
            offeredBackoffs.add(Duration.ofNanos(backoffNs));
            if (refuseToOpen) {
                throw new IllegalStateException("event loops: closed");
            }
            FakeTransport transport = new FakeTransport(address);
            transport.listener = listener;
            opened.add(transport);
            return transport;
        }

        @Override
        public PoolDirectory pools() {
            return pools;
        }

        @Override
        public void onTooManyPings(SocketAddress address, @Nullable KeepAliveOptions keepAlive) {
            context.requireInContext();
            refusedKeepAlives.add(keepAlive);
        }

        @Override
        public @Nullable String healthService() {
            return healthService;
        }

        @Override
        public SubConnWatches watches() {
            return new SubConnWatches() {
                @Override
                public Watch load(SubConnection asked, SyncContext in, Duration period, SubConn.LoadListener listener) {
                    return NOTHING;
                }

                @Override
                public Watch health(SubConnection asked, SyncContext in, String service, SubConn.Listener listener) {
                    HealthWatch made = new HealthWatch(service, listener);
                    watches.add(made);
                    return made;
                }
            };
        }

        @Override
        public void resolveNow() {
            resolveNows++;
        }

        @Override
        public void onTransportClosed(ClientTransport transport) {
            closed.add(transport);
        }
    }

    /** What a server is asked, and the test answers. */
    final class HealthWatch implements SubConnWatches.Watch {
        final String service;
        final SubConn.Listener listener;
        boolean started;

        HealthWatch(String service, SubConn.Listener listener) {
            this.service = service;
            this.listener = listener;
        }

        void tell(ConnectivityState state) {
            context.execute(() -> listener.onState(state, Status.OK));
        }

        @Override
        public void start() {
            started = true;
        }

        @Override
        public void stop() {
            started = false;
        }
    }
}
