package io.peregrine.client.balancer;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatRuntimeException;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** LB-3: one policy takes the place of another. */
class GracefulSwitchTest {
    private static final List<Endpoint> ENDPOINTS = BalancerHarness.endpoints("10.0.0.1");

    private final BalancerHarness context = new BalancerHarness();
    private final GracefulSwitch balancer = new GracefulSwitch(context);
    private final ScriptedPolicy.Journal journal = new ScriptedPolicy.Journal();

    @Test
    void lb3TheFirstPolicyIsInUseAtOnce() {
        ScriptedPolicy.Scripted first = switchTo("first");

        Picker picker = first.report(CONNECTING);

        assertThat(context.picker()).isSameAs(picker);
        assertThat(context.reported()).containsExactly(CONNECTING);
    }

    @Test
    void lb3ANewPolicyWaitsWhileItConnectsAndTheOldOneIsReady() {
        ScriptedPolicy.Scripted first = switchTo("first");
        Picker used = first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");

        second.report(CONNECTING);
        second.report(CONNECTING);

        assertThat(context.picker()).isSameAs(used);
        assertThat(first.isClosed()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(names = {"READY", "TRANSIENT_FAILURE", "IDLE"})
    void lb3ANewPolicyTakesOverWhenItLeavesConnecting(ConnectivityState state) {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");
        second.report(CONNECTING);

        Picker picker = second.report(state);

        assertThat(context.picker()).isSameAs(picker);
        assertThat(context.state()).isEqualTo(state);
        assertThat(first.isClosed()).isTrue();
        assertThat(second.isClosed()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"IDLE", "CONNECTING", "TRANSIENT_FAILURE"})
    void lb3ANewPolicyTakesOverWhenTheOldOneIsNotReadyAnyMore(ConnectivityState state) {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");
        Picker picker = second.report(CONNECTING);

        first.report(state);

        assertThat(context.picker()).isSameAs(picker);
        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(first.isClosed()).isTrue();
    }

    @Test
    void lb3CallsWaitForANewPolicyThatHasSaidNothingWhenTheOldOneIsGone() {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(READY);
        switchTo("second");

        first.report(IDLE);

        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(context.pick()).isSameAs(PickResult.queue());
    }

    @Test
    void lb3AnythingFromANewPolicyTakesOverFromOneThatIsNotReady() {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(TRANSIENT_FAILURE);
        ScriptedPolicy.Scripted second = switchTo("second");

        second.report(CONNECTING);

        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(first.isClosed()).isTrue();
    }

    @Test
    void lb3WhatAClosedPolicySaysIsIgnored() {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");
        second.report(READY);
        int reports = context.reported().size();

        first.report(TRANSIENT_FAILURE);

        assertThat(context.reported()).hasSize(reports);
    }

    @Test
    void lb3ThePolicyThatWaitsIsReplacedByAThird() {
        ScriptedPolicy.Scripted first = switchTo("first");
        Picker used = first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");
        ScriptedPolicy.Scripted third = switchTo("third");

        second.report(READY);
        assertThat(context.picker()).isSameAs(used);
        assertThat(second.isClosed()).isTrue();
        Picker picker = third.report(READY);

        assertThat(context.picker()).isSameAs(picker);
    }

    @Test
    void lb3TheSameNameIsAnUpdateInPlace() {
        ScriptedPolicy.Scripted first = switchTo("first");

        balancer.switchTo(new ScriptedPolicy("first", 2, journal));

        assertThat(journal.made).hasSize(1);
        assertThat(first.policy().version()).isEqualTo(2);
    }

    @Test
    void lb3BackToThePolicyInUseDropsTheOneThatWaits() {
        ScriptedPolicy.Scripted first = switchTo("first");
        Picker used = first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");

        balancer.switchTo(new ScriptedPolicy("first", 3, journal));

        assertThat(second.isClosed()).isTrue();
        assertThat(journal.made).hasSize(2);
        assertThat(context.picker()).isSameAs(used);
        first.report(IDLE);
        assertThat(context.state()).isEqualTo(IDLE);
    }

    @Test
    void lb3APolicyThatFailedIsReplacedByOneOfItsName() {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(TRANSIENT_FAILURE);

        balancer.replaceBy(new ScriptedPolicy("first", 1, journal));

        assertThat(journal.made).hasSize(2);
    }

    @Test
    void lb3APolicyThatCannotBeMadeLeavesAllAsItIs() {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");

        assertThatRuntimeException().isThrownBy(() -> switchTo("broken"));

        assertThat(first.isClosed()).isFalse();
        assertThat(second.isClosed()).isFalse();
    }

    @Test
    void whatAPolicySaysWhileItIsMadeCounts() {
        balancer.switchTo(new ScriptedPolicy("hasty", 1, journal));

        assertThat(context.reported()).containsExactly(READY);
        switchTo("second");
        balancer.switchTo(new ScriptedPolicy("hasty", 1, journal));
        assertThat(context.reported()).containsExactly(READY);
    }

    @Test
    void endpointsAndErrorsGoToTheNewest() {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");

        balancer.onEndpoints(ENDPOINTS);
        balancer.onResolverError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));
        balancer.exitIdle();

        assertThat(first.events).containsExactly("exitIdle");
        assertThat(second.events).containsExactly("endpoints 1", "error SERVFAIL", "exitIdle");
    }

    @Test
    void closeClosesBothAndNothingFollows() {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");

        balancer.close();
        first.report(IDLE);
        second.report(READY);

        assertThat(first.isClosed()).isTrue();
        assertThat(second.isClosed()).isTrue();
        assertThat(context.reported()).containsExactly(READY);
        assertThatIllegalStateException().isThrownBy(() -> switchTo("third"));
    }

    @Test
    void aReportMayCloseIt() {
        ScriptedPolicy.Scripted first = switchTo("first");
        first.report(READY);
        ScriptedPolicy.Scripted second = switchTo("second");
        context.onReport(balancer::close);

        second.report(READY);

        assertThat(first.closes).isEqualTo(1);
        assertThat(second.closes).isEqualTo(1);
    }

    private ScriptedPolicy.Scripted switchTo(String name) {
        balancer.switchTo(new ScriptedPolicy(name, 1, journal));
        return Objects.requireNonNull(journal.made.peekLast());
    }
}
