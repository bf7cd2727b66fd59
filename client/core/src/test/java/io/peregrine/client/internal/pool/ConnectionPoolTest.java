package io.peregrine.client.internal.pool;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.ConnectionStats;
import io.peregrine.client.connection.SubchannelStats;
import io.peregrine.transport.http2.DisconnectReason;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** SPEC 2.15: when connections to one address are opened, and what they tell. */
class ConnectionPoolTest extends PoolFixture {
    // ---- CS-1 ------------------------------------------------------------------------------------------------

    @Test
    void cs1OneConnectionIsTheDefaultHoweverManyCallsWait() {
        connectAndBeReady();
        load(0, 100, 50, 100);

        last().listener().onPressure();

        assertThat(opened).hasSize(1);
        assertThat(last().capacity().pressureWatched).as("never asked to tell").isZero();
    }

    @Test
    void cs1TheServiceConfigRaisesTheMaximumAtRunTime() {
        connectAndBeReady();
        load(0, 2, 3, 2);

        context.execute(() -> directory.allow(2));

        assertThat(opened).hasSize(2);
    }

    @Test
    void cs1TheChannelsLimitCapsTheServiceConfig() {
        use(ConnectionScaling.builder().limit(2).build());
        connectAndBeReady();
        context.execute(() -> directory.allow(100));
        fillAndGrow(0);
        load(1, 2, 1, 2);

        opened.get(1).listener().onPressure();

        assertThat(opened).hasSize(2);
    }

    @Test
    void cs1AMaximumThatIsLoweredClosesNothing() {
        connectAndBeReady();
        context.execute(() -> directory.allow(2));
        fillAndGrow(0);

        context.execute(() -> directory.allow(1));

        assertThat(published).hasSize(2);
        assertThat(opened).allMatch(transport -> transport.shutdowns.isEmpty());
    }

    // ---- CS-3, CS-4 ------------------------------------------------------------------------------------------

    @Test
    void cs3OneMoreIsOpenedWhenACallWaitsAndAllAreFull() {
        max(3);
        connectAndBeReady();
        assertThat(last().capacity().pressureWatched).isEqualTo(Integer.MAX_VALUE);

        load(0, 2, 1, 2);
        last().listener().onPressure();

        assertThat(opened).hasSize(2);
        assertThat(states).containsExactly(CONNECTING, READY);
    }

    @Test
    void cs3NoneIsOpenedWhileAnotherHasRoom() {
        max(3);
        connectAndBeReady();
        fillAndGrow(0);
        load(0, 2, 1, 2);
        load(1, 1, 0, 2);

        opened.get(0).listener().onPressure();

        assertThat(opened).hasSize(2);
    }

    @Test
    void cs4ThereIsOneAttemptAtATime() {
        max(3);
        connectAndBeReady();
        load(0, 2, 5, 2);

        last().listener().onPressure();
        opened.get(0).listener().onPressure();
        opened.get(0).listener().onRoom();

        assertThat(opened).hasSize(2);
    }

    @Test
    void cs4AFailedAttemptIsMadeAgainAfterTheSharedBackoff() {
        max(2);
        connectAndBeReady();
        last().listener().onFirstResponse();
        load(0, 2, 1, 2);
        last().listener().onPressure();

        last().terminate("refused", null);
        opened.get(0).listener().onPressure();
        assertThat(opened).hasSize(2);
        assertThat(states).as("calls go on meanwhile").containsExactly(CONNECTING, READY);
        timer.advance(Duration.ofMillis(999));
        assertThat(opened).hasSize(2);
        timer.advance(Duration.ofMillis(1));

        assertThat(opened).hasSize(3);
        assertThat(stats().failedAttempts()).isEqualTo(1);
    }

    @Test
    void cs4ASuccessResetsTheBackoff() {
        max(4);
        connectAndBeReady();
        for (int n = 0; n < 3; n++) {
            load(0, 2, 1, 2);
            opened.get(0).listener().onPressure();
            last().terminate("refused", null);
            timer.advance(Duration.ofMinutes(3));
        }
        last().listener().onReady();
        last().listener().onFirstResponse();
        load(opened.size() - 1, 2, 1, 2);
        last().listener().onPressure();
        last().terminate("refused", null);

        assertThat(timer.nextDelay()).isEqualTo(Duration.ofSeconds(1));
    }

    // ---- CS-5 ------------------------------------------------------------------------------------------------

    @Test
    void cs5ANewConnectionGetsWhatWaitsAsFarAsItHasRoom() {
        max(2);
        connectAndBeReady();
        load(0, 2, 5, 2);
        last().listener().onPressure();
        last().capacity().set(0, 0, 2);

        last().listener().onReady();

        assertThat(published).hasSize(2);
        assertThat(opened.get(0).capacity().givenBack).containsExactly(2);
    }

    @Test
    void cs5ACallThatEndsElsewhereMakesRoomForOneThatWaits() {
        max(2);
        connectAndBeReady();
        fillAndGrow(0);
        load(0, 2, 3, 2);
        load(1, 2, 0, 2);
        opened.get(0).listener().onPressure();
        assertThat(opened).allMatch(transport -> transport.capacity().roomWatched);

        load(1, 1, 0, 2);
        opened.get(1).listener().onRoom();

        assertThat(opened.get(0).capacity().givenBack).containsExactly(1, 1);
    }

    @Test
    void cs5ALostConnectionLeavesTheCallsThatWaitToTheOthers() {
        max(2);
        connectAndBeReady();
        fillAndGrow(0);
        otherConnections = 0;

        opened.get(0).terminate("reset", null);

        assertThat(published).containsExactly(opened.get(1));
        assertThat(otherConnections).as("calls that found none try again").isEqualTo(1);
        assertThat(states).containsExactly(CONNECTING, READY);
        assertThat(losses).isEqualTo(1);
    }

    // ---- CS-7 ------------------------------------------------------------------------------------------------

    @Test
    void cs7TheLastConnectionLostIsIdleWithoutAnAttempt() {
        connectAndBeReady();

        last().terminate("reset", null);

        assertThat(states).containsExactly(CONNECTING, READY, IDLE);
        assertThat(published).isEmpty();
    }

    @Test
    void cs7TheLastConnectionLostIsConnectingWhileAnAttemptIsUnderWay() {
        max(2);
        connectAndBeReady();
        load(0, 2, 1, 2);
        last().listener().onPressure();

        opened.get(0).terminate("reset", null);
        assertThat(states).containsExactly(CONNECTING, READY, CONNECTING);
        last().listener().onReady();

        assertThat(states).endsWith(CONNECTING, READY);
        assertThat(published).containsExactly(last());
    }

    @Test
    void cs7TheLastConnectionLostIsTransientFailureInTheBackoff() {
        max(2);
        connectAndBeReady();
        load(0, 2, 1, 2);
        last().listener().onPressure();
        last().terminate("refused", null);

        opened.get(0).terminate("reset", null);

        assertThat(states).containsExactly(CONNECTING, READY, TRANSIENT_FAILURE);
        assertThat(statuses.get(2).message()).isEqualTo("refused");
        timer.advance(Duration.ofSeconds(2));
        assertThat(states).endsWith(TRANSIENT_FAILURE, IDLE);
        assertThat(opened).as("the policy reconnects").hasSize(2);
    }

    // ---- CS-8 ------------------------------------------------------------------------------------------------

    @Test
    void cs8ALimitThatIsLoweredIsAReasonToOpenOneMore() {
        max(2);
        connectAndBeReady();

        load(0, 5, 1, 2);
        last().listener().onPressure();

        assertThat(opened).hasSize(2);
    }

    // ---- CS-10 -----------------------------------------------------------------------------------------------

    @Test
    void cs10TheMinimumIsOpenedOneAfterTheOther() {
        use(ConnectionScaling.builder().minConnections(3).build());
        connect();
        assertThat(opened).hasSize(1);

        opened.get(0).listener().onReady();
        assertThat(opened).hasSize(2);
        opened.get(1).listener().onReady();
        opened.get(2).listener().onReady();

        assertThat(published).hasSize(3);
        assertThat(opened).hasSize(3);
    }

    @Test
    void cs10AConnectionBelowTheMinimumIsReplaced() {
        use(ConnectionScaling.builder().minConnections(2).build());
        connectAndBeReady();
        opened.get(1).listener().onReady();

        opened.get(0).listener().onFirstResponse();
        opened.get(0).terminate("reset", null);

        assertThat(opened).hasSize(3);
    }

    @Test
    void cs10TheLowWaterMarkOpensOneMoreBeforeACallWaits() {
        use(ConnectionScaling.builder().maxConnections(2).openBeforeFull(0.8).build());
        connect();
        last().capacity().set(0, 0, 10);
        last().listener().onReady();
        assertThat(last().capacity().pressureWatched).isEqualTo(8);

        load(0, 8, 0, 10);
        last().listener().onPressure();

        assertThat(opened).hasSize(2);
    }

    @Test
    void cs10BelowTheMarkOfAllTogetherAFullConnectionTellsInSteps() {
        use(ConnectionScaling.builder().maxConnections(3).openBeforeFull(0.8).build());
        connect();
        last().capacity().set(0, 0, 32);
        last().listener().onReady();
        load(0, 26, 0, 32);
        last().listener().onPressure();
        last().capacity().set(0, 0, 32);
        last().listener().onReady();

        assertThat(opened).hasSize(2);
        assertThat(opened.get(0).capacity().pressureWatched).isEqualTo(28);
        assertThat(opened.get(1).capacity().pressureWatched).isEqualTo(26);
    }

    // ---- SC-11 -----------------------------------------------------------------------------------------------

    @Test
    void sc11EachConnectionThatIsLostCountsOnceByItsFirstReason() {
        use(ConnectionScaling.builder().minConnections(2).build());
        connectAndBeReady();
        opened.get(1).listener().onReady();
        opened.forEach(transport -> transport.listener().onFirstResponse());

        opened.get(0).listener().onDisconnect(DisconnectReason.goAway(0));
        opened.get(0).listener().onDraining("GOAWAY");
        opened.get(0).terminate("closed", null);
        opened.get(1).listener().onDisconnect(DisconnectReason.CONNECTION_RESET);
        opened.get(1).terminate("reset", null);

        assertThat(directory.disconnections())
                .containsOnly(Map.entry("GOAWAY NO_ERROR", 1L), Map.entry("connection reset", 1L));
    }

    @Test
    void sc11ASubchannelThatIsShutDownCountsItsConnectionsAndWhatFollowsCountsNothing() {
        use(ConnectionScaling.builder().minConnections(2).warmStandby(true).build());
        connectAndBeReady();
        opened.get(1).listener().onReady();
        opened.get(2).listener().onReady();

        context.execute(pool::shutdown);
        opened.forEach(transport -> transport.terminate("closed", null));

        assertThat(directory.disconnections()).containsOnly(Map.entry("subchannel shutdown", 3L));
    }

    @Test
    void sc10AndSc11AnAttemptThatIsAbandonedCountsAsNothing() {
        connect();

        context.execute(pool::shutdown);
        last().listener().onDisconnect(DisconnectReason.SUBCHANNEL_SHUTDOWN);
        last().terminate("closed", null);

        assertThat(directory.disconnections()).isEmpty();
    }

    @Test
    void sc11AnAttemptThatFailsIsNoDisconnection() {
        connect();

        last().listener().onDisconnect(DisconnectReason.UNKNOWN);
        last().terminate("refused", null);

        assertThat(directory.disconnections()).isEmpty();
        assertThat(stats().failedAttempts()).isEqualTo(1);
    }

    @Test
    void sc11OneThatIsReplacedForItsAgeIsNotLost() {
        use(ConnectionScaling.builder().maxAge(Duration.ofMinutes(10)).build());
        connectAndBeReady();
        last().listener().onFirstResponse();
        timer.advance(Duration.ofMinutes(10));
        opened.get(1).listener().onReady();

        opened.get(0).listener().onDisconnect(DisconnectReason.SUBCHANNEL_SHUTDOWN);
        opened.get(0).terminate("drained", null);

        assertThat(directory.disconnections()).isEmpty();
    }

    // ---- Statistics and the end ------------------------------------------------------------------------------

    @Test
    void statisticsTellStatesStreamsAndAges() {
        use(ConnectionScaling.builder().maxConnections(2).build());
        connectAndBeReady();
        timer.advance(Duration.ofSeconds(5));
        load(0, 2, 3, 2);
        last().listener().onPressure();

        SubchannelStats stats = stats();

        assertThat(stats.state()).isEqualTo(READY);
        assertThat(stats.attempts()).isEqualTo(2);
        assertThat(stats.openStreams()).isEqualTo(2);
        assertThat(stats.waitingStreams()).isEqualTo(3);
        assertThat(stats.maxConnections()).isEqualTo(2);
        assertThat(stats.connections())
                .extracting(ConnectionStats::state)
                .containsExactly(ConnectionStats.State.READY, ConnectionStats.State.CONNECTING);
        assertThat(stats.connections().get(0).age()).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void sc7ShutDownLetsAllDrainAndStopsAllTimers() {
        use(ConnectionScaling.builder()
                .minConnections(2)
                .warmStandby(true)
                .maxAge(Duration.ofMinutes(1))
                .build());
        connectAndBeReady();
        last().listener().onReady();
        last().listener().onReady();
        assertThat(opened).hasSize(3);

        context.execute(pool::shutdown);
        context.execute(pool::shutdown);

        assertThat(opened).allMatch(transport -> transport.shutdowns.equals(List.of("subchannel shutdown")));
        assertThat(timer.pending()).isZero();
        assertThat(directory.stats()).isEmpty();
        opened.forEach(transport -> transport.terminate("closed", null));
        assertThat(closed).hasSize(3);
        assertThat(opened).hasSize(3);
    }
}
