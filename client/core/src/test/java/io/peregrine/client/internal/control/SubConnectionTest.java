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
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.internal.FakeTransport;
import io.peregrine.client.internal.pool.PoolDirectory;
import io.peregrine.transport.http2.KeepAliveOptions;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** SPEC 2.2. */
class SubConnectionTest extends SubConnectionFixture {
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
            attempts.add(Duration.ofNanos(timer.nanoTime()));
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
    void sc6AResetThatComesBeforeTheRefusalOfAnAttemptLetsTheAttemptBegin() {
        loseAtOnce();
        loseAtOnce();
        states.clear();

        context.execute(() -> {
            subConnection.connect();
            backoff.forgive();
            subConnection.endBackoff();
        });

        assertThat(opened).hasSize(3);
        assertThat(states).containsExactly(CONNECTING);
        assertThat(timer.pending()).isZero();
        last().listener().onReady();
        assertThat(states).containsExactly(CONNECTING, READY);
    }

    @Test
    void sc6AResetDoesNothingToWhoDoesNotWait() {
        bring(READY);

        context.execute(subConnection::endBackoff);

        assertThat(state()).isEqualTo(READY);
    }

    // ---- Health ----------------------------------------------------------------------------------------------
}
