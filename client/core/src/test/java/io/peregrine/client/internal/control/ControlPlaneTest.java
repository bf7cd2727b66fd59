package io.peregrine.client.internal.control;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.SHUTDOWN;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.StateCounts;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.resolver.Resolution;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The states of a channel (SPEC 2.1), and its resolver's side of RS-1 to RS-5, in virtual time. */
class ControlPlaneTest {
    private static final Duration BACKOFF = Duration.ofMillis(1200);

    private final ScriptedChannel channel = new ScriptedChannel();

    // ---- Idle and connecting ---------------------------------------------------------------------------------

    @Test
    void ch1AChannelBeginsIdleAndAsksNobody() {
        channel.advance(Duration.ofHours(2));

        assertThat(channel.state()).isEqualTo(IDLE);
        assertThat(channel.resolvers).isEmpty();
    }

    @Test
    void ch2TheFirstPickLeavesIdleAndTheStateIsMovedBeforeTheResolverStarts() {
        assertThat(channel.pick()).isSameAs(PickResult.queue());

        assertThat(channel.state()).isEqualTo(CONNECTING);
        assertThat(channel.resolver().stateAtStart).isEqualTo(CONNECTING);
    }

    @Test
    void ch2AResolverThatCannotBeMadeFailsCallsAndIsTriedAgain() {
        channel.onNewResolver = new IllegalStateException("no such scheme today");
        channel.control.exitIdle();

        assertThat(channel.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(channel.pick().status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(channel.pickedMessage()).contains(ScriptedChannel.TARGET, "no such scheme today");
        assertThat(channel.pick().isDrop()).as("calls that wait for ready wait").isFalse();
        channel.onNewResolver = null;
        channel.advance(BACKOFF);
        channel.resolver().answer("10.0.0.1");

        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.control.lastFailure()).isEmpty();
    }

    @Test
    void ch3AConnectionRequestIsRememberedUntilThereIsAPolicy() {
        channel.control.exitIdle();
        channel.resolver().fail("SERVFAIL");
        assertThat(channel.balancer().exitIdles).as("without endpoints").isZero();

        channel.resolver().answer("10.0.0.1");
        channel.resolver().answer("10.0.0.2");

        assertThat(channel.balancer().exitIdles).as("once").isEqualTo(1);
    }

    @Test
    void ch3ACallIsNoConnectionRequestOfAPolicyThatSeesItPick() {
        channel.pick();
        channel.resolver().answer("10.0.0.1");

        assertThat(channel.balancer().exitIdles).isZero();
    }

    @Test
    void ch4CallsWaitForTheFirstAnswerHoweverLongItTakes() {
        channel.control.exitIdle();
        channel.advance(Duration.ofHours(1));

        assertThat(channel.pick()).isSameAs(PickResult.queue());
        assertThat(channel.state()).isEqualTo(CONNECTING);
    }

    @Test
    void ch4AFirstErrorReleasesThemToo() {
        channel.control.exitIdle();
        channel.resolver().fail("SERVFAIL");

        assertThat(channel.pickedMessage()).isEqualTo("SERVFAIL");
        assertThat(channel.state()).isEqualTo(TRANSIENT_FAILURE);
    }

    // ---- What the policy reports -----------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "CONNECTING, READY",
        "CONNECTING, TRANSIENT_FAILURE",
        "CONNECTING, IDLE",
        "READY, IDLE",
        "READY, CONNECTING",
        "READY, TRANSIENT_FAILURE",
        "TRANSIENT_FAILURE, READY"
    })
    void ch5AndCh6TheChannelIsInTheStateThatItsPolicyReportedLast(ConnectivityState from, ConnectivityState to) {
        channel.whenEndpointsCome = balancer -> balancer.context.updateState(from, ScriptedChannel.picker("from"));
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");
        assertThat(channel.state()).isEqualTo(from);

        channel.whenEndpointsCome = balancer -> balancer.context.updateState(to, ScriptedChannel.picker("to"));
        channel.resolver().answer("10.0.0.2");

        assertThat(channel.state()).isEqualTo(to);
        assertThat(channel.pickedMessage()).isEqualTo("to");
    }

    @ParameterizedTest
    @EnumSource(
            value = ConnectivityState.class,
            names = {"IDLE", "CONNECTING", "READY", "TRANSIENT_FAILURE"})
    void ch6AnyStateLeadsToShutdownAndNothingLeadsOutOfIt(ConnectivityState from) {
        channel.whenEndpointsCome = balancer -> balancer.context.updateState(from, ScriptedChannel.picker("from"));
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");
        assertThat(channel.state()).isEqualTo(from);

        channel.control.shutdownNow();
        for (ConnectivityState late : ConnectivityState.values()) {
            channel.balancer().context.updateState(late, ScriptedChannel.picker("late"));
        }
        channel.control.exitIdle();
        channel.control.enterIdle();
        channel.control.resetConnectBackoff();
        channel.advance(Duration.ofHours(1));

        assertThat(channel.state()).isEqualTo(SHUTDOWN);
        assertThat(channel.pick().status().code()).isEqualTo(StatusCode.CANCELLED);
    }

    @Test
    void ch7AnyReadyChildMakesItsParentReadyThenConnectingThenIdle() {
        StateCounts counts = new StateCounts();
        counts.add(TRANSIENT_FAILURE);
        assertThat(counts.aggregate(false)).isEqualTo(TRANSIENT_FAILURE);
        counts.add(IDLE);
        assertThat(counts.aggregate(false)).isEqualTo(IDLE);
        counts.add(CONNECTING);
        assertThat(counts.aggregate(false)).isEqualTo(CONNECTING);
        counts.add(READY);
        assertThat(counts.aggregate(false)).isEqualTo(READY);
    }

    @Test
    void ch5APolicyThatIsIdleAndLetsCallsWaitIsAskedToConnectByTheNextCall() {
        channel.whenEndpointsCome = balancer -> balancer.context.updateState(IDLE, FixedPicker.queueing());
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");
        int before = channel.balancer().exitIdles;

        assertThat(channel.pick()).isSameAs(PickResult.queue());

        assertThat(channel.balancer().exitIdles).isEqualTo(before + 1);
    }

    @Test
    void ch5APolicyThatIsIdleAndHasAPickerOfItsOwnIsLeftToIt() {
        channel.whenEndpointsCome = balancer -> balancer.context.updateState(IDLE, ScriptedChannel.picker("lazy"));
        channel.pick();
        channel.resolver().answer("10.0.0.1");

        assertThat(channel.pickedMessage()).isEqualTo("lazy");
        assertThat(channel.balancer().exitIdles).isZero();
    }

    @Test
    void ch9PoliciesAndResolversAreCalledByOneThreadAtATime() throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        channel.whenEndpointsCome = balancer -> {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            balancer.context.updateState(READY, ScriptedChannel.picker("here"));
            inside.decrementAndGet();
        };
        channel.control.exitIdle();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            String host = "10.0.0." + t;
            threads.add(new Thread(() -> {
                for (int i = 0; i < 500; i++) {
                    channel.resolver().answer(host);
                    channel.control.exitIdle();
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(most).hasValue(1);
    }

    // ---- The end ---------------------------------------------------------------------------------------------

    @Test
    void ch10ShutdownNowMovesTheStateThenClosesTheResolverThenThePolicy() {
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");

        channel.control.shutdownNow();
        channel.control.shutdownNow();

        assertThat(channel.log).containsExactly("resolver closed in SHUTDOWN", "policy closed in SHUTDOWN");
        assertThat(channel.pick().isDrop()).isTrue();
        assertThat(channel.pick().status().code()).isEqualTo(StatusCode.CANCELLED);
        assertThat(channel.control.terminated()).isDone();
    }

    @Test
    void ch11ShutdownKeepsResolverAndPolicyForCallsThatWait() {
        channel.control.exitIdle();
        PickerSnapshot.Waiter call = () -> {};
        channel.control.pickers().await(call, channel.control.pickers().current());

        channel.control.shutdown();
        assertThat(channel.resolver().closed).isFalse();
        assertThat(channel.state()).as("at once").isEqualTo(SHUTDOWN);
        assertThat(channel.pick()).isSameAs(PickResult.queue());
        channel.control.pickers().remove(call);
        channel.advance(Duration.ofMillis(20));

        assertThat(channel.resolver().closed).isTrue();
        assertThat(channel.state()).isEqualTo(SHUTDOWN);
        assertThat(channel.pick().status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(channel.control.terminated()).isDone();
    }

    @Test
    void ch12AFaultOfTheControlPlaneFailsCallsWithInternalAndHangsNone() {
        channel.control.exitIdle();
        ServiceConfigSource faulty = policies -> {
            throw new AssertionError("a fault that nobody expects");
        };

        channel.resolver().listener().onResolution(Resolution.of(List.of()).withServiceConfig(faulty));

        assertThat(channel.pick().isDrop())
                .as("calls that wait for ready fail too")
                .isTrue();
        assertThat(channel.pick().status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(channel.pickedMessage()).contains(ScriptedChannel.TARGET, "a fault that nobody expects");
        assertThat(channel.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(channel.resolver().closed).isTrue();
        channel.control.exitIdle();
        assertThat(channel.resolvers).as("for good").hasSize(1);
        channel.control.shutdown();
        assertThat(channel.control.terminated()).isDone();
    }

    @Test
    void ch13GoingIdleMovesTheStateThenClosesTheResolverThenThePolicy() {
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");

        channel.control.enterIdle();

        assertThat(channel.log).containsExactly("resolver closed in IDLE", "policy closed in IDLE");
        assertThat(channel.pick()).isSameAs(PickResult.queue());
        assertThat(channel.state()).as("after that pick").isEqualTo(CONNECTING);
        assertThat(channel.resolvers).hasSize(2);
    }

    @Test
    void ch13WhatAClosedPolicyAndAClosedResolverSayIsNotHeard() {
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");
        ScriptedChannel.Balancer old = channel.balancer();
        List<String> ran = new ArrayList<>();
        channel.control.enterIdle();

        channel.resolver().answer("10.0.0.2");
        old.context.execute(() -> ran.add("a task of a closed policy"));
        channel.advance(Duration.ofMinutes(5));

        assertThat(channel.state()).isEqualTo(IDLE);
        assertThat(old.seen).hasSize(1);
        assertThat(ran).isEmpty();
    }

    @Test
    void ch13GoingIdleTwiceOrAfterShutdownDoesNothing() {
        channel.control.exitIdle();
        channel.control.enterIdle();
        channel.control.enterIdle();
        assertThat(channel.state()).isEqualTo(IDLE);

        channel.control.shutdown();
        channel.control.enterIdle();

        assertThat(channel.state()).isEqualTo(SHUTDOWN);
    }

    @Test
    void id2CallsThatFailKeepTheChannelFromGoingIdle() {
        Duration timeout = Duration.ofMinutes(30);
        ScriptedChannel failing =
                new ScriptedChannel(new ControlSettings(ScriptedChannel.TARGET, "any", false, 10, timeout, true));
        failing.whenEndpointsCome =
                balancer -> balancer.context.updateState(TRANSIENT_FAILURE, ScriptedChannel.picker("refused"));
        failing.pick();
        failing.resolver().answer("10.0.0.1");
        Duration step = Duration.ofMinutes(4);
        for (int n = 0; n < 50; n++) {
            assertThat(failing.pickedMessage()).isEqualTo("refused");
            for (int m = 0; m < 6; m++) {
                failing.advance(step);
            }
        }
        assertThat(failing.resolvers).hasSize(1);
        assertThat(failing.state()).isEqualTo(TRANSIENT_FAILURE);
        for (int m = 0; m < 9; m++) {
            failing.advance(step);
        }

        assertThat(failing.state()).isEqualTo(IDLE);
        assertThat(failing.resolver().closed).isTrue();
    }

    // ---- The resolver ----------------------------------------------------------------------------------------

    @Test
    void rs1AnAnswerThatThePolicyHasNoUseForIsAskedForAgainWithBackoff() {
        channel.usefulEndpoints = false;
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");

        channel.advance(BACKOFF);
        assertThat(channel.resolver().retries).isEqualTo(1);
        assertThat(channel.control.lastFailure()).contains("the policy scripted");
        channel.resolver().answer("10.0.0.1");
        channel.advance(Duration.ofMillis(1200));
        assertThat(channel.resolver().retries)
                .as("not before 1.6 s less a fifth")
                .isEqualTo(1);
        channel.usefulEndpoints = true;
        channel.resolver().answer("10.0.0.1");
        channel.advance(Duration.ofMinutes(10));

        assertThat(channel.resolver().retries).isEqualTo(1);
        assertThat(channel.control.lastFailure()).isEmpty();
    }

    @Test
    void rs2AnErrorLeavesTheEndpointsBeforeAndReachesThePolicy() {
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");

        channel.resolver().fail("SERVFAIL");

        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.balancer().errors).hasSize(1);
        assertThat(channel.balancer().seen).hasSize(1);
        assertThat(channel.control.lastFailure()).isEqualTo("SERVFAIL");
    }

    @Test
    void rs3NoAddressesAtFirstAreAnErrorAndABadState() {
        channel.control.exitIdle();

        channel.resolver().answer();

        assertThat(channel.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(channel.pickedMessage()).contains("produced zero addresses");
        channel.advance(BACKOFF);
        assertThat(channel.resolver().retries).isEqualTo(1);
    }

    @Test
    void rs3NoAddressesLaterLeaveThoseBeforeInUse() {
        channel.control.exitIdle();
        channel.resolver().answer("10.0.0.1");

        channel.resolver().answer();

        assertThat(channel.state()).isEqualTo(READY);
        assertThat(channel.balancer().seen).hasSize(1);
        assertThat(channel.control.lastFailure()).contains("produced zero addresses");
    }

    @Test
    void rs4HintsThatComeTogetherAreOne() {
        channel.control.exitIdle();
        channel.whenEndpointsCome = balancer -> {
            for (int n = 0; n < 10_000; n++) {
                balancer.context.resolveNow();
            }
            balancer.context.updateState(READY, ScriptedChannel.picker("here"));
        };

        channel.resolver().answer("10.0.0.1");
        assertThat(channel.resolver().hints).isEqualTo(1);
        channel.resolver().answer("10.0.0.1");

        assertThat(channel.resolver().hints).isEqualTo(2);
    }

    @Test
    void rs5TheConfigHoldsBeforeThePolicySeesTheEndpointsThatCameWithIt() {
        List<String> held = new ArrayList<>();
        channel.whenEndpointsCome = balancer ->
                held.add(channel.control.serviceConfig().loadBalancing().name());
        channel.control.exitIdle();

        channel.resolver().answer(channel.config("first"), "10.0.0.1");
        channel.resolver().answer(channel.config("second"), "10.0.0.1");

        assertThat(held).containsExactly("first", "second");
    }

    @Test
    void sc6ResetAsksAResolverThatWaitsAtOnceAndFromTheFirstDelay() {
        channel.control.exitIdle();
        channel.resolver().fail("SERVFAIL");

        channel.control.resetConnectBackoff();
        assertThat(channel.resolver().retries).isEqualTo(1);
        channel.control.resetConnectBackoff();
        assertThat(channel.resolver().retries).as("it does not wait now").isEqualTo(1);
        channel.resolver().fail("SERVFAIL");
        channel.advance(BACKOFF);

        assertThat(channel.resolver().retries).isEqualTo(2);
    }

    @Test
    void sc6ResetReachesAResolverThatWaitsForABackoffOfItsOwn() {
        channel.control.exitIdle();
        channel.resolver().fail("SERVFAIL");
        channel.advance(BACKOFF);
        assertThat(channel.resolver().retries).isEqualTo(1);

        channel.control.resetConnectBackoff();

        assertThat(channel.resolver().resets).isEqualTo(1);
        assertThat(channel.resolver().retries).as("the channel does not wait").isEqualTo(1);
    }
}
