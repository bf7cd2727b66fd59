package io.peregrine.client.internal.control;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.SHUTDOWN;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.internal.FakeTransport;
import io.peregrine.client.internal.VirtualTimer;
import io.peregrine.client.internal.pool.PoolDirectory;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportListener;
import java.lang.reflect.Field;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** SPEC 2.2. */
class SubConnectionTest {
    private static final SocketAddress ADDRESS = new InetSocketAddress(InetAddress.getLoopbackAddress(), 443);
    private final ConnectException cause = new ConnectException("refused");

    private final VirtualTimer timer = new VirtualTimer();
    private final List<Throwable> uncaught = new ArrayList<>();
    private final SyncContext context = new SyncContext(timer, uncaught::add);
    private final List<FakeTransport> opened = new ArrayList<>();
    private final List<ClientTransport> closed = new ArrayList<>();
    private final List<ConnectivityState> states = new ArrayList<>();
    private final List<Status> statuses = new ArrayList<>();
    private final List<@Nullable KeepAliveOptions> refusedKeepAlives = new ArrayList<>();
    private final List<ConnectivityState> health = new ArrayList<>();
    private final List<HealthWatch> watches = new ArrayList<>();
    private @Nullable String healthService;
    private PoolDirectory pools = PoolDirectory.ofSingles();
    private int resolveNows;
    private boolean refuseToOpen;

    private final List<Duration> offeredBackoffs = new ArrayList<>();
    private final AddressBackoff backoff = new AddressBackoff(timer::nowNs, new Backoff(() -> 0.5));
    private final SubConnection subConnection = newSubConnection();

    private SubConnection newSubConnection() {
        return new SubConnection(ADDRESS, Attributes.EMPTY, backoff, context, new Channel(), (state, status) -> {
            context.requireInContext();
            states.add(state);
            statuses.add(status);
        });
    }

    private enum Event {
        CONNECT,
        ON_READY,
        ON_DRAINING,
        ON_TERMINATED,
        BACKOFF_OVER,
        SHUT_DOWN
    }

    /** All events in all states; an event that a state does not name leaves it where it is (SC-2, D1, D2). */
    @Test
    void sc2EveryEventInEveryStateLeadsWhereTheSpecificationSays() {
        Map<ConnectivityState, Map<Event, ConnectivityState>> moves = Map.of(
                IDLE, Map.of(Event.CONNECT, CONNECTING, Event.SHUT_DOWN, SHUTDOWN),
                CONNECTING,
                        Map.of(
                                Event.ON_READY,
                                READY,
                                Event.ON_TERMINATED,
                                TRANSIENT_FAILURE,
                                Event.SHUT_DOWN,
                                SHUTDOWN),
                READY, Map.of(Event.ON_DRAINING, IDLE, Event.ON_TERMINATED, IDLE, Event.SHUT_DOWN, SHUTDOWN),
                TRANSIENT_FAILURE, Map.of(Event.BACKOFF_OVER, IDLE, Event.SHUT_DOWN, SHUTDOWN),
                SHUTDOWN, Map.of());
        for (ConnectivityState from : ConnectivityState.values()) {
            for (Event event : Event.values()) {
                if (from == CONNECTING && event == Event.ON_DRAINING) {
                    // A transport drains only after it was ready.
                    continue;
                }
                SubConnectionTest fresh = new SubConnectionTest();
                fresh.bring(from);
                fresh.happen(event);

                ConnectivityState expected =
                        Objects.requireNonNull(moves.get(from)).getOrDefault(event, from);
                assertThat(fresh.state()).as("%s in %s", event, from).isEqualTo(expected);
                assertThat(fresh.subConnection.transport() != null)
                        .as("has a transport in %s", expected)
                        .isEqualTo(expected == READY);
                assertThat(fresh.uncaught).isEmpty();
            }
        }
    }

    @Test
    void sc3IsReadyOnlyWhenTheTransportIs() {
        bring(CONNECTING);
        assertThat(subConnection.transport()).isNull();

        last().listener().onReady();

        assertThat(subConnection.transport()).isSameAs(last());
    }

    /** One volatile field holds the transport itself; there is nothing in between that a call would pay for. */
    @Test
    void cs9ACallReachesTheOnlyConnectionWithoutAChoice() throws ReflectiveOperationException {
        bring(READY);
        Field only = SubConnection.class.getDeclaredField("transport");
        Field several = SubConnection.class.getDeclaredField("several");
        only.setAccessible(true);
        several.setAccessible(true);

        assertThat(only.get(subConnection)).isSameAs(last());
        assertThat(several.get(subConnection)).isNull();
        assertThat(last().capacity().pressureWatched).as("nobody watches it").isZero();
        assertThat(last().capacity().roomWatched).isFalse();
    }

    @Test
    void cs9WithSeveralConnectionsEachCallChooses() {
        pools = PoolDirectory.of(ConnectionScaling.builder().minConnections(2).build());
        SubConnection wide = newSubConnection();
        context.execute(wide::connect);
        opened.get(0).listener().onReady();
        opened.get(1).listener().onReady();
        opened.get(0).capacity().set(5, 0, 5);

        assertThat(wide.transport()).isSameAs(opened.get(1));
        opened.get(1).terminate("reset", null);
        assertThat(wide.transport()).isSameAs(opened.get(0));
        context.execute(wide::shutdown);
    }

    @Test
    void sc3ATransportThatDiesRightAfterItsSettingsIsForgivenOnce() {
        loseAtOnce();
        loseAtOnce();

        assertThat(states).containsExactly(CONNECTING, READY, IDLE, CONNECTING, READY, IDLE);
        assertThat(opened).hasSize(2);
        assertThat(timer.pending()).isZero();
    }

    @Test
    void p15AServerThatSendsEachConnectionAwayIsReconnectedToInTheBackoffsRhythm() {
        List<Duration> attempts = new ArrayList<>();
        for (int n = 0; n < 6; n++) {
            attempts.add(Duration.ofNanos(timer.nowNs()));
            loseAtOnce();
            while (backoff.remainingNs() > 0) {
                connect();
                assertThat(state()).as("refused without an attempt").isEqualTo(TRANSIENT_FAILURE);
                assertThat(statuses.get(statuses.size() - 1).message()).contains("GOAWAY", "backoff");
                timer.advance(timer.nextDelay());
                assertThat(state()).isEqualTo(IDLE);
            }
        }

        assertThat(opened).hasSize(6);
        assertThat(attempts.stream().map(Duration::toMillis)).containsExactly(0L, 0L, 1600L, 4160L, 8256L, 14_809L);
    }

    @Test
    void p15AGoAwayAtOnceDoesNotResetTheBackoffOfEarlierFailures() {
        failOnce();
        failOnce();
        timer.advance(Duration.ofMinutes(3));
        loseAtOnce();
        loseAtOnce();

        assertThat(Duration.ofNanos(backoff.remainingNs())).isEqualTo(Duration.ofMillis(4096));
    }

    @Test
    void p15AConnectionThatCarriedAResponseIsReplacedAtOnceEachTime() {
        for (int n = 0; n < 10; n++) {
            connect();
            last().listener().onReady();
            last().listener().onFirstResponse();
            last().listener().onDraining("GOAWAY");
        }

        assertThat(opened).hasSize(10);
        assertThat(states).doesNotContain(TRANSIENT_FAILURE);
    }

    @Test
    void p15AConnectionThatLivedForItsBackoffIsReplacedAtOnceEachTime() {
        for (int n = 0; n < 10; n++) {
            connect();
            last().listener().onReady();
            timer.advance(Duration.ofSeconds(1));
            last().terminate("closed", null);
        }

        assertThat(opened).hasSize(10);
        assertThat(states).doesNotContain(TRANSIENT_FAILURE);
    }

    @Test
    void p15ANewSubchannelOfTheAddressIsHeldOffToo() {
        loseAtOnce();
        loseAtOnce();
        SubConnection next = newSubConnection();

        context.execute(next::connect);

        assertThat(opened).hasSize(2);
        assertThat(state()).isEqualTo(TRANSIENT_FAILURE);
        context.execute(next::shutdown);
        assertThat(timer.pending()).isZero();
    }

    @Test
    void sc10ShutDownBeforeTheRefusalOfAnAttemptIsTheLastWord() {
        loseAtOnce();
        loseAtOnce();
        states.clear();

        context.execute(() -> {
            subConnection.connect();
            subConnection.shutdown();
        });

        assertThat(states).containsExactly(CONNECTING);
        assertThat(timer.pending()).isZero();
    }

    @Test
    void d4AnAttemptIsOfferedTheDelayThatItsFailureWouldCost() {
        for (int n = 0; n < 9; n++) {
            failOnce();
        }

        assertThat(offeredBackoffs.stream().map(Duration::toMillis))
                .containsExactly(1000L, 1600L, 2560L, 4096L, 6553L, 10485L, 16777L, 26843L, 42949L);
    }

    @Test
    void sc11TheFirstReasonForTheLossIsTheOneThatIsReported() {
        bring(READY);

        last().listener().onDraining("127.0.0.1:443 sent GOAWAY NO_ERROR: maintenance");
        last().terminate("connection reset", null);

        assertThat(statuses.get(2).message()).isEqualTo("127.0.0.1:443 sent GOAWAY NO_ERROR: maintenance");
    }

    @Test
    void d1ALostConnectionIsIdleAndTheResolverIsAskedAgain() {
        bring(READY);

        last().terminate("connection reset", null);

        assertThat(state()).isEqualTo(IDLE);
        assertThat(resolveNows).isEqualTo(1);
        assertThat(statuses.get(2).message()).isEqualTo("connection reset");
        assertThat(closed).containsExactly(last());
    }

    @Test
    void aDrainingTransportIsLeftAndItsEndIsNoNews() {
        bring(READY);

        last().listener().onDraining("GOAWAY");
        last().terminate("drained", null);

        assertThat(states).containsExactly(CONNECTING, READY, IDLE);
        assertThat(closed).containsExactly(last());
    }

    @Test
    void ka6ARefusedKeepAliveIsReportedBeforeTheSubchannelReconnects() {
        bring(READY);
        KeepAliveOptions keepAlive = KeepAliveOptions.after(Duration.ofSeconds(10));

        last().listener().onTooManyPings(keepAlive);

        assertThat(refusedKeepAlives).containsExactly(keepAlive);
        assertThat(state()).isEqualTo(READY);
    }

    @Test
    void theEndOfAnOldTransportDoesNotTouchTheNextOne() {
        bring(READY);
        FakeTransport old = last();
        old.listener().onDraining("GOAWAY");
        context.execute(subConnection::connect);
        last().listener().onReady();

        old.terminate("drained", null);

        assertThat(subConnection.transport()).isSameAs(last()).isNotSameAs(old);
    }

    @Test
    void d2AFailedAttemptSaysWhyAndIsIdleAgainAfterItsBackoff() {
        bring(CONNECTING);

        last().terminate("127.0.0.1:443 refused", cause);

        assertThat(statuses.get(1)).isEqualTo(new Status(StatusCode.UNAVAILABLE, "127.0.0.1:443 refused", cause));
        assertThat(timer.nextDelay()).isBetween(Duration.ofMillis(1), Duration.ofMillis(1200));
        timer.advance(Duration.ofMillis(1200));
        assertThat(states).containsExactly(CONNECTING, TRANSIENT_FAILURE, IDLE);
        assertThat(opened).as("the policy reconnects, not the subchannel").hasSize(1);
    }

    @Test
    void sc5TheBackoffGrowsWithEachFailureAndIsResetBySuccess() {
        for (int n = 0; n < 8; n++) {
            failOnce();
        }
        assertThat(timer.nextDelay()).isGreaterThan(Duration.ofSeconds(15));
        timer.advance(Duration.ofMinutes(3));

        context.execute(subConnection::connect);
        last().listener().onReady();
        last().listener().onFirstResponse();
        last().terminate("lost", null);
        failOnce();

        assertThat(timer.nextDelay()).isLessThanOrEqualTo(Duration.ofMillis(1200));
    }

    @Test
    void sc10ShutDownWhileConnectingAbandonsTheAttempt() {
        bring(CONNECTING);

        context.execute(subConnection::shutdown);
        assertThat(last().shutdowns).hasSize(1);
        last().listener().onReady();
        last().terminate("subchannel shutdown", null);

        assertThat(states).containsExactly(CONNECTING);
        assertThat(subConnection.transport()).isNull();
        assertThat(closed).containsExactly(last());
        assertThat(timer.pending()).isZero();
    }

    @Test
    void sc7ShutDownWhenReadyLetsTheTransportDrain() {
        bring(READY);

        context.execute(subConnection::shutdown);
        context.execute(subConnection::shutdown);

        assertThat(last().shutdowns).containsExactly("subchannel shutdown");
    }

    @Test
    void shutDownInBackoffStopsItsTimer() {
        bring(TRANSIENT_FAILURE);

        context.execute(subConnection::shutdown);

        assertThat(timer.pending()).isZero();
    }

    @Test
    void aTransportThatCannotBeOpenedIsAFailedAttempt() {
        refuseToOpen = true;

        context.execute(subConnection::connect);

        assertThat(states).containsExactly(CONNECTING, TRANSIENT_FAILURE);
        assertThat(statuses.get(1).message()).contains("event loops: closed");
        assertThat(uncaught).isEmpty();
    }

    @Test
    void isCalledInItsContextOnly() {
        assertThatIllegalStateException().isThrownBy(subConnection::connect);
        assertThatIllegalStateException().isThrownBy(subConnection::shutdown);
    }

    @Test
    void sc1ASubchannelKeepsItsAddressThroughAllItsConnections() {
        for (int n = 0; n < 3; n++) {
            connect();
            last().listener().onReady();
            last().listener().onFirstResponse();
            last().terminate("lost", null);
        }

        assertThat(opened)
                .hasSize(3)
                .allSatisfy(transport -> assertThat(transport.remoteAddress()).isEqualTo(subConnection.address()));
    }

    @Test
    void sc4EachLossOfAConnectionAsksTheResolver() {
        for (int n = 1; n <= 3; n++) {
            connect();
            last().listener().onReady();
            last().listener().onFirstResponse();
            last().terminate("lost", null);
            assertThat(resolveNows).isEqualTo(n);
        }
    }

    @Test
    void sc6AResetEndsTheBackoffNowAndTheNextDelayIsTheFirst() {
        failOnce();
        failOnce();
        failOnce();
        assertThat(timer.nextDelay()).isEqualTo(Duration.ofMillis(2560));

        backoff.forgive();
        context.execute(subConnection::endBackoff);

        assertThat(state()).isEqualTo(IDLE);
        assertThat(timer.pending()).isZero();
        connect();
        assertThat(opened).hasSize(4);
        last().terminate("refused", cause);
        assertThat(timer.nextDelay()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void sc6AResetDoesNothingToWhoDoesNotWait() {
        bring(READY);

        context.execute(subConnection::endBackoff);

        assertThat(state()).isEqualTo(READY);
    }

    // ---- Health ----------------------------------------------------------------------------------------------

    @Test
    void hc1WithoutAServiceASubchannelIsFitAsSoonAsItIsReady() {
        context.execute(() -> subConnection.watchHealth((state, status) -> health.add(state)));

        bring(READY);

        assertThat(health).containsExactly(READY);
        assertThat(watches).isEmpty();
    }

    @Test
    void hc1WithoutAPolicyThatWantsItNothingIsAsked() {
        healthService = "echo";

        bring(READY);

        assertThat(watches).isEmpty();
        assertThat(state()).isEqualTo(READY);
    }

    @Test
    void hc2ItIsConnectingUntilTheServerHasAnsweredAndAskedWhenItIsReady() {
        healthService = "echo";
        context.execute(() -> subConnection.watchHealth((state, status) -> health.add(state)));
        bring(CONNECTING);
        assertThat(watches).isEmpty();
        last().listener().onReady();

        assertThat(health).containsExactly(CONNECTING);
        assertThat(watches).hasSize(1);
        assertThat(watches.get(0).started).isTrue();
        assertThat(watches.get(0).service).isEqualTo("echo");
        watches.get(0).tell(TRANSIENT_FAILURE);
        watches.get(0).tell(READY);

        assertThat(health).containsExactly(CONNECTING, TRANSIENT_FAILURE, READY);
    }

    @Test
    void hc4TheNextConnectionIsAskedAnewAndTheOldOneNotAnyMore() {
        healthService = "echo";
        context.execute(() -> subConnection.watchHealth((state, status) -> health.add(state)));
        bring(READY);
        last().listener().onFirstResponse();
        last().terminate("lost", null);
        assertThat(watches.get(0).started).isFalse();

        connect();
        last().listener().onReady();

        assertThat(watches).hasSize(2);
        assertThat(health).containsExactly(CONNECTING, CONNECTING);
    }

    @Test
    void hc1AnotherServiceIsAskedForOnTheConnectionThatThereIs() {
        context.execute(() -> subConnection.watchHealth((state, status) -> health.add(state)));
        bring(READY);

        healthService = "echo";
        context.execute(subConnection::onHealthServiceChanged);
        healthService = "other";
        context.execute(subConnection::onHealthServiceChanged);
        assertThat(watches).extracting(watch -> watch.started).containsExactly(false, true);
        healthService = null;
        context.execute(subConnection::onHealthServiceChanged);

        assertThat(health).containsExactly(READY, CONNECTING, CONNECTING, READY);
        assertThat(watches).noneMatch(watch -> watch.started);
    }

    private void bring(ConnectivityState to) {
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

    private void happen(Event event) {
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

    private void connect() {
        context.execute(subConnection::connect);
    }

    private void loseAtOnce() {
        connect();
        last().listener().onReady();
        last().listener().onDraining("127.0.0.1:443 sent GOAWAY NO_ERROR");
        last().terminate("closed", null);
    }

    private void failOnce() {
        timer.advance(Duration.ofMinutes(3));
        context.execute(subConnection::connect);
        last().terminate("refused", cause);
    }

    /** SHUTDOWN is not reported: whoever asked for it knows. */
    private ConnectivityState state() {
        return states.isEmpty() ? IDLE : states.get(states.size() - 1);
    }

    private FakeTransport last() {
        return opened.get(opened.size() - 1);
    }

    private final class Channel implements SubConnection.Channel {
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
    private final class HealthWatch implements SubConnWatches.Watch {
        private final String service;
        private final SubConn.Listener listener;
        private boolean started;

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
