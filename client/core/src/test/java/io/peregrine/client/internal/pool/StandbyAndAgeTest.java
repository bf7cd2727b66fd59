package io.peregrine.client.internal.pool;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.ConnectionStats;
import io.peregrine.client.internal.FakeTransport;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** CS-10: the connection that stands by, and those that have become too old. */
class StandbyAndAgeTest extends PoolFixture {
    @Test
    void cs10AStandbyTakesOverAtAGoAwayWithoutAHandshake() {
        use(ConnectionScaling.builder().warmStandby(true).build());
        connectAndBeReady();
        FakeTransport standby = last();
        standby.listener().onReady();
        assertThat(published).containsExactly(opened.get(0));
        assertThat(stats().connections(ConnectionStats.State.STANDBY)).isEqualTo(1);
        int openedBefore = opened.size();

        context.execute(() -> {
            opened.get(0).listener().onDraining("GOAWAY");
            context.execute(() -> {
                assertThat(published).containsExactly(standby);
                assertThat(otherConnections).isEqualTo(1);
            });
        });

        assertThat(states).as("calls see nothing of it").containsExactly(CONNECTING, READY);
        assertThat(opened).as("and a new one stands by").hasSize(openedBefore + 1);
    }

    @Test
    void cs10AStandbyThatIsLostIsReplacedAndNobodyHearsOfIt() {
        use(ConnectionScaling.builder().warmStandby(true).build());
        connectAndBeReady();
        last().listener().onReady();

        last().terminate("reset", null);

        assertThat(states).containsExactly(CONNECTING, READY);
        assertThat(opened).hasSize(3);
        assertThat(published).containsExactly(opened.get(0));
    }

    @Test
    void cs10AStandbyIsUsedAtOnceWhenCallsWait() {
        use(ConnectionScaling.builder().maxConnections(2).warmStandby(true).build());
        connectAndBeReady();
        last().capacity().set(0, 0, 2);
        last().listener().onReady();
        load(0, 2, 1, 2);

        opened.get(0).listener().onPressure();

        assertThat(published).containsExactly(opened.get(0), opened.get(1));
        assertThat(opened.get(0).capacity().givenBack).containsExactly(1);
        assertThat(opened).as("and a new one stands by").hasSize(3);
    }

    @Test
    void cs10AStandbyThatFailsIsTriedAgainAfterABackoffOfItsOwn() {
        use(ConnectionScaling.builder().warmStandby(true).build());
        connectAndBeReady();
        assertThat(opened).hasSize(2);

        last().terminate("refused", null);
        assertThat(opened).hasSize(2);
        assertThat(timer.nextDelay()).isEqualTo(Duration.ofSeconds(1));
        timer.advance(Duration.ofSeconds(1));
        assertThat(opened).hasSize(3);
        last().terminate("refused", null);

        assertThat(timer.nextDelay()).isEqualTo(Duration.ofMillis(1600));
        assertThat(states).as("calls see nothing of it").containsExactly(CONNECTING, READY);
    }

    @Test
    void cs10AStandbyThatFailsDelaysNoConnectionThatCallsWant() {
        use(ConnectionScaling.builder().maxConnections(2).warmStandby(true).build());
        connectAndBeReady();
        last().terminate("refused", null);
        assertThat(opened).hasSize(2);

        load(0, 2, 1, 2);
        opened.get(0).listener().onPressure();

        assertThat(opened).as("at once").hasSize(3);
    }

    @Test
    void cs10AStandbyThatFailsWhileCallsWaitIsFollowedByAConnectionForThem() {
        use(ConnectionScaling.builder().maxConnections(2).warmStandby(true).build());
        connectAndBeReady();
        load(0, 2, 1, 2);
        opened.get(0).listener().onPressure();
        assertThat(opened).as("one attempt at a time").hasSize(2);

        last().terminate("refused", null);

        assertThat(opened).hasSize(3);
        last().capacity().set(0, 0, 2);
        last().listener().onReady();
        assertThat(published).containsExactly(opened.get(0), opened.get(2));
    }

    @Test
    void cs10AConnectionThatFailsDoesNotDelayTheStandby() {
        use(ConnectionScaling.builder().maxConnections(2).warmStandby(true).build());
        connectAndBeReady();
        opened.get(0).listener().onFirstResponse();
        last().terminate("refused", null);
        timer.advance(Duration.ofMillis(900));
        load(0, 2, 1, 2);
        opened.get(0).listener().onPressure();
        last().terminate("refused", null);
        assertThat(opened).as("one attempt each").hasSize(3);

        timer.advance(Duration.ofMillis(100));

        assertThat(opened)
                .as("the standby's second, in the backoff of the other")
                .hasSize(4);
        last().terminate("refused", null);
        timer.advance(Duration.ofMillis(899));
        assertThat(opened).hasSize(4);
        timer.advance(Duration.ofMillis(1));
        assertThat(opened)
                .as("the other's second, in the backoff of the standby")
                .hasSize(5);
    }

    @Test
    void cs10WhatWasOpenedToStandByIsTheAttemptOfASubchannelThatHasNothingElse() {
        use(ConnectionScaling.builder().warmStandby(true).build());
        connectAndBeReady();
        opened.get(0).listener().onFirstResponse();

        opened.get(0).terminate("reset", null);
        assertThat(states).containsExactly(CONNECTING, READY, CONNECTING);
        last().terminate("refused", null);

        assertThat(states).endsWith(CONNECTING, TRANSIENT_FAILURE);
        assertThat(statuses.get(statuses.size() - 1).message()).isEqualTo("refused");
        assertThat(timer.nextDelay()).isEqualTo(Duration.ofSeconds(1));
        timer.advance(Duration.ofSeconds(1));
        assertThat(states).endsWith(TRANSIENT_FAILURE, IDLE);
    }

    @Test
    void cs10AServerThatLosesEachConnectionAtOnceGetsNoStandbyAtOnceEachTime() {
        use(ConnectionScaling.builder().warmStandby(true).build());
        connectAndBeReady();
        int opens = opened.size();
        for (int lost = 0; lost < 10 && timer.pending() == 0; lost++) {
            last().listener().onReady();
            opened.get(opened.size() - (stats().connections(ConnectionStats.State.STANDBY) == 1 ? 2 : 1))
                    .terminate("reset", null);
        }

        assertThat(timer.pending()).isPositive();
        assertThat(opened.size() - opens).isLessThan(5);
    }

    @Test
    void sc6AResetEndsTheBackoffOfAStandby() {
        use(ConnectionScaling.builder().warmStandby(true).build());
        connectAndBeReady();
        last().terminate("refused", null);
        timer.advance(Duration.ofSeconds(1));
        last().terminate("refused", null);

        context.execute(pool::endBackoff);
        assertThat(opened).hasSize(4);
        last().terminate("refused", null);

        assertThat(timer.nextDelay()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void cs10AnAgedConnectionIsReplacedBeforeItDrains() {
        use(ConnectionScaling.builder().maxAge(Duration.ofMinutes(10)).build());
        connectAndBeReady();
        last().listener().onFirstResponse();

        timer.advance(Duration.ofMinutes(10));
        assertThat(opened).hasSize(2);
        assertThat(opened.get(0).shutdowns)
                .as("in use until the new one is ready")
                .isEmpty();
        assertThat(published).containsExactly(opened.get(0));
        opened.get(1).listener().onReady();

        assertThat(published).containsExactly(opened.get(1));
        assertThat(opened.get(0).shutdowns)
                .containsExactly("the connection to " + ADDRESS + " has reached its maximum age");
        assertThat(states).containsExactly(CONNECTING, READY);
    }

    @Test
    void cs10AnAgedConnectionStaysWhileItsReplacementFails() {
        use(ConnectionScaling.builder().maxAge(Duration.ofMinutes(10)).build());
        connectAndBeReady();
        timer.advance(Duration.ofMinutes(10));

        last().terminate("refused", null);
        assertThat(published).containsExactly(opened.get(0));
        timer.advance(Duration.ofSeconds(5));

        assertThat(opened).hasSize(3);
        assertThat(opened.get(0).shutdowns).isEmpty();
    }

    @Test
    void cs10TheGraceOfAnAgedConnectionEndsItsCalls() {
        use(ConnectionScaling.builder()
                .maxAge(Duration.ofMinutes(10))
                .maxAgeGrace(Duration.ofSeconds(30))
                .build());
        connectAndBeReady();
        timer.advance(Duration.ofMinutes(10));
        last().listener().onReady();

        timer.advance(Duration.ofSeconds(30));

        assertThat(opened.get(0).shutdowns).hasSize(2).element(1).asString().startsWith("now: ");
    }

    @Test
    void cs10TheAgeIsJittered() {
        random = 0;
        use(ConnectionScaling.builder()
                .maxAge(Duration.ofMinutes(10))
                .maxAgeJitter(0.2)
                .build());
        connectAndBeReady();

        assertThat(timer.nextDelay()).isEqualTo(Duration.ofMinutes(8));
    }
}
