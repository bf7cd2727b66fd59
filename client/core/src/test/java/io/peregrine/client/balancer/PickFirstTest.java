package io.peregrine.client.balancer;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.resolver.Endpoint;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** SPEC 2.8.2, on scripted subchannels. */
class PickFirstTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";
    private static final String C = "10.0.0.3";
    private static final String A6 = "fd00::1";
    private static final String B6 = "fd00::2";

    private final BalancerHarness context = new BalancerHarness();
    private LoadBalancer balancer = PickFirst.policy().newBalancer(context);

    @Test
    void isCalledPickFirst() {
        assertThat(PickFirst.provider().name()).isEqualTo("pick_first");
    }

    // ---- PF-2 ------------------------------------------------------------------------------------------------

    @Test
    void pf2TriesTheAddressesInTheirOrder() {
        resolve(B, A, C);
        failAllInTurn();

        assertThat(context.connects()).containsExactly(B, A, C);
    }

    @Test
    void pf2FlattensEndpointsAndDropsDuplicates() {
        balancer.onEndpoints(
                List.of(BalancerHarness.endpoint(A, B), BalancerHarness.endpoint(B, C), BalancerHarness.endpoint(A)));
        failAllInTurn();

        assertThat(context.connects()).containsExactly(A, B, C);
    }

    @Test
    void pf2FamiliesTakeTurnsInTheOrderOfTheirFirstAppearance() {
        resolve(A6, B6, A, B, C);
        failAllInTurn();

        assertThat(context.connects()).containsExactly(A6, A, B6, B, C);
    }

    // ---- PF-3, PF-10 -----------------------------------------------------------------------------------------

    @Test
    void pf3AnEmptyListDropsEverythingAndFails() {
        resolve(A);
        context.ready(A);

        assertThat(balancer.onEndpoints(List.of())).isFalse();

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(pick().status().message()).contains("zero addresses");
        assertThat(context.live()).isEmpty();
    }

    @Test
    void pf8AFailureFromAnEmptyListIsNotSticky() {
        balancer.onEndpoints(List.of());

        resolve(A);

        assertThat(context.state()).isEqualTo(CONNECTING);
    }

    @Test
    void pf10AResolverErrorWithoutAddressesFailsCallsWithItsCause() {
        UnknownHostException cause = new UnknownHostException("nowhere.test");

        balancer.onResolverError(new Status(StatusCode.UNAVAILABLE, "name resolution failed", cause));

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(pick().status().message()).isEqualTo("name resolution failed");
        assertThat(pick().status().cause()).isSameAs(cause);
    }

    @Test
    void pf10AResolverErrorIsIgnoredWhileThereAreGoodAddresses() {
        resolve(A);
        balancer.onResolverError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));
        assertThat(context.state()).isEqualTo(CONNECTING);

        context.ready(A);
        balancer.onResolverError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));

        assertThat(context.state()).isEqualTo(READY);
    }

    @Test
    void pf10AResolverErrorInTransientFailureRefreshesTheError() {
        resolve(A);
        context.fail(A);

        balancer.onResolverError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));

        assertThat(pick().status().message()).isEqualTo("SERVFAIL");
    }

    // ---- PF-4 ------------------------------------------------------------------------------------------------

    @Test
    void pf4AnUpdateThatHoldsTheSelectedAddressChangesNothing() {
        resolve(A, B);
        context.ready(A);
        int updates = context.reported().size();

        resolve(C, A);

        assertThat(context.reported()).hasSize(updates);
        assertThat(pickedAddress()).isEqualTo(A);
        assertThat(context.live()).containsExactly(A);
    }

    @Test
    void pf4AnUpdateWithoutTheSelectedAddressStartsANewPass() {
        resolve(A);
        context.ready(A);

        resolve(B, C);

        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(context.live()).containsExactly(B);
        assertThat(context.connects()).containsExactly(A, B);
    }

    @Test
    void pf4AnUpdateWhileConnectingKeepsTheAttemptsItStillNames() {
        resolve(A, B, C);
        context.advance(Duration.ofMillis(250));
        assertThat(context.connects()).containsExactly(A, B);

        resolve(B, C);

        assertThat(context.live()).containsExactly(B);
        assertThat(context.connects()).containsExactly(A, B);
        context.advance(Duration.ofMillis(250));
        assertThat(context.connects()).containsExactly(A, B, C);
    }

    @Test
    void pf4AnUpdateInTransientFailureStaysThereAndStartsANewPass() {
        resolve(A);
        context.fail(A);
        int resolves = context.resolveNows();

        resolve(B);
        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(context.connects()).containsExactly(A, B);
        context.fail(B);

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(pick().status().message()).isEqualTo(B + " refused");
        assertThat(context.resolveNows()).isEqualTo(resolves + 1);
    }

    @Test
    void pf4AnUpdateInIdleStaysIdle() {
        resolve(A);
        context.ready(A);
        context.lose(A);
        assertThat(context.state()).isEqualTo(IDLE);

        resolve(B);

        assertThat(context.state()).isEqualTo(IDLE);
        assertThat(context.connects()).containsExactly(A);
        balancer.exitIdle();
        assertThat(context.connects()).containsExactly(A, B);
    }

    // ---- PF-5 ------------------------------------------------------------------------------------------------

    @Test
    void pf5TheNextAddressIsTriedAfterTwoHundredAndFiftyMilliseconds() {
        resolve(A, B, C);
        context.advance(Duration.ofMillis(249));
        assertThat(context.connects()).containsExactly(A);
        context.advance(Duration.ofMillis(1));
        assertThat(context.connects()).containsExactly(A, B);
        context.advance(Duration.ofMillis(250));
        assertThat(context.connects()).containsExactly(A, B, C);

        assertThat(context.timers()).isZero();
        assertThat(context.state()).isEqualTo(CONNECTING);
    }

    @Test
    void pf5AFailureOfTheCurrentAddressTriesTheNextAtOnceAndRestartsTheTimer() {
        resolve(A, B, C);
        context.advance(Duration.ofMillis(200));
        context.fail(A);
        assertThat(context.connects()).containsExactly(A, B);

        context.advance(Duration.ofMillis(249));
        assertThat(context.connects()).containsExactly(A, B);
        context.advance(Duration.ofMillis(1));

        assertThat(context.connects()).containsExactly(A, B, C);
    }

    @Test
    void pf5AFailureOfAnEarlierAddressLeavesTheTimerAlone() {
        resolve(A, B, C);
        context.advance(Duration.ofMillis(250));
        context.advance(Duration.ofMillis(100));

        context.fail(A);
        assertThat(context.connects()).containsExactly(A, B);
        context.advance(Duration.ofMillis(150));

        assertThat(context.connects()).containsExactly(A, B, C);
    }

    @Test
    void pf5AnAddressInItsBackoffCountsAsFailedForThePass() {
        resolve(A, B);
        context.fail(A);
        context.fail(B);
        context.backoffOver(B);
        assertThat(context.connects()).containsExactly(A, B, B);

        resolve(A, B, C);
        assertThat(context.connects()).as("A is in backoff, B is connecting").containsExactly(A, B, B);
        context.fail(B);
        assertThat(context.connects()).containsExactly(A, B, B, C);
        int resolves = context.resolveNows();
        context.fail(C);

        assertThat(context.resolveNows()).isEqualTo(resolves + 1);
        assertThat(pick().status().message()).isEqualTo(C + " refused");
    }

    @Test
    void pf5APassInWhichEveryAddressIsInItsBackoffEndsAtOnceAndAsksNobody() {
        resolve(A, B);
        context.fail(A);
        context.fail(B);
        int resolves = context.resolveNows();

        resolve(B, A);

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(context.resolveNows())
                .as("or a resolver that answers at once would be asked again at once")
                .isEqualTo(resolves);
        context.backoffOver(A);
        assertThat(context.connects()).containsExactly(A, B, A);
    }

    @Test
    void pf5AnAddressIsGivenTheTimeThatTheConfigSays() {
        start(PickFirst.withAttemptDelay(Duration.ofMillis(400)));
        resolve(A, B);
        context.advance(Duration.ofMillis(399));
        assertThat(context.connects()).containsExactly(A);

        context.advance(Duration.ofMillis(1));

        assertThat(context.connects()).containsExactly(A, B);
    }

    @Test
    void pf5AnAddressHasASubchannelFromItsFirstAttemptOn() {
        resolve(A, B, C);
        assertThat(context.live()).containsExactly(A);

        context.advance(Duration.ofMillis(250));

        assertThat(context.live()).containsExactly(A, B);
    }

    /** SC-8, at the level of the policy. */
    @Test
    void pf4AnAddressThatIsToBeConnectedToOtherwiseIsAnotherOne() {
        balancer.onEndpoints(List.of(endpoint(A).with(Endpoint.WEIGHT, 1)));
        context.ready(A);
        balancer.onEndpoints(List.of(endpoint(A).with(Endpoint.WEIGHT, 2)));
        assertThat(context.state()).isEqualTo(READY);

        balancer.onEndpoints(List.of(endpoint(A).with(Endpoint.SERVER_NAME, "other.test")));

        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(context.connects()).containsExactly(A, A);
        assertThat(context.live()).hasSize(1);
        assertThat(context.subConn(A).attributes().get(Endpoint.SERVER_NAME)).isEqualTo("other.test");
    }

    // ---- PF-6 ------------------------------------------------------------------------------------------------

    @Test
    void pf6TheFirstReadyWinsAndTheOthersAreShutDown() {
        resolve(A, B, C);
        context.advance(Duration.ofMillis(250));

        context.ready(B);

        assertThat(context.state()).isEqualTo(READY);
        assertThat(pickedAddress()).isEqualTo(B);
        assertThat(context.live()).containsExactly(B);
        assertThat(context.timers()).isZero();
    }

    @Test
    void pf6WhatALoserSaysLaterIsIgnored() {
        resolve(A, B);
        context.advance(Duration.ofMillis(250));
        BalancerHarness.FakeSubConn loser = context.subConn(A);
        context.ready(B);

        loser.tell(READY, Status.OK);
        loser.tell(TRANSIENT_FAILURE, Status.of(StatusCode.UNAVAILABLE, "late"));

        assertThat(context.state()).isEqualTo(READY);
        assertThat(pickedAddress()).isEqualTo(B);
    }

    // ---- PF-7, PF-8 ------------------------------------------------------------------------------------------

    @Test
    void pf7WhenEachHasFailedOnceTheChannelFailsAndTheResolverIsAsked() {
        resolve(A, B);
        context.fail(A);
        assertThat(context.state()).isEqualTo(CONNECTING);
        context.fail(B);

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(pick().status()).isEqualTo(Status.of(StatusCode.UNAVAILABLE, B + " refused"));
        assertThat(pick().isDrop()).isFalse();
        assertThat(context.resolveNows()).isEqualTo(1);
    }

    @Test
    void pf7ThePassWaitsForASlowEarlierAddress() {
        resolve(A, B);
        context.advance(Duration.ofMillis(250));
        context.fail(B);
        assertThat(context.state()).isEqualTo(CONNECTING);

        context.fail(A);

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
    }

    @Test
    void pf7AnAddressWhoseBackoffEndsDuringThePassIsTriedWhenThePassHasEnded() {
        resolve(A, B);
        context.fail(A);
        context.backoffOver(A);
        assertThat(context.connects()).containsExactly(A, B);

        context.fail(B);

        assertThat(context.connects()).containsExactly(A, B, A);
    }

    @Test
    void pf7AfterThePassEachAddressIsTriedAgainAfterItsOwnBackoff() {
        resolve(A, B);
        context.fail(A);
        context.fail(B);

        context.backoffOver(B);
        context.backoffOver(A);

        assertThat(context.connects()).containsExactly(A, B, B, A);
    }

    @Test
    void pf7EveryRoundOfFailuresRefreshesTheErrorAndAsksTheResolver() {
        resolve(A, B);
        context.fail(A);
        context.fail(B);
        int updates = context.reported().size();

        retryAndFail(A, "A again");
        assertThat(context.reported()).hasSize(updates);
        assertThat(context.resolveNows()).isEqualTo(1);
        retryAndFail(B, "B again");

        assertThat(pick().status().message()).isEqualTo("B again");
        assertThat(context.resolveNows()).isEqualTo(2);
    }

    @Test
    void pf8TransientFailureIsStickyUntilReady() {
        resolve(A);
        context.fail(A);
        context.backoffOver(A);
        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);

        context.ready(A);

        assertThat(context.state()).isEqualTo(READY);
        assertThat(context.reported()).containsExactly(CONNECTING, TRANSIENT_FAILURE, READY);
    }

    // ---- PF-9, PF-12 -----------------------------------------------------------------------------------------

    @Test
    void pf9ALostConnectionMakesTheChannelIdleAndAsksTheResolver() {
        resolve(A, B);
        context.ready(A);
        int resolves = context.resolveNows();

        context.lose(A);

        assertThat(context.state()).isEqualTo(IDLE);
        assertThat(context.resolveNows()).isEqualTo(resolves + 1);
        assertThat(context.connects()).containsExactly(A);
        assertThat(pick()).isSameAs(PickResult.queue());
    }

    @Test
    void pf9TheFirstCallAfterThatStartsANewPass() {
        resolve(A, B);
        context.ready(A);
        context.lose(A);

        pick();
        pick();

        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(context.connects()).containsExactly(A, A);
        assertThat(context.reported()).containsExactly(CONNECTING, READY, IDLE, CONNECTING);
    }

    /** Of a subchannel that keeps trying by itself (gRFC A105, SPEC CS-7). */
    @Test
    void pf9ASelectedSubchannelThatConnectsAgainIsPartOfANewPassAtOnce() {
        resolve(A, B);
        context.ready(A);
        int resolves = context.resolveNows();

        context.subConn(A).move(CONNECTING, Status.of(StatusCode.UNAVAILABLE, "lost"));

        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(context.resolveNows()).isEqualTo(resolves + 1);
        assertThat(context.live()).containsExactly(A);
        context.advance(Duration.ofMillis(250));
        assertThat(context.connects()).containsExactly(A, B);
        context.ready(A);
        assertThat(context.state()).isEqualTo(READY);
        assertThat(pickedAddress()).isEqualTo(A);
        assertThat(context.live()).containsExactly(A);
    }

    @Test
    void pf9ASelectedSubchannelThatFailsIsCountedOutOfTheNewPass() {
        resolve(A, B);
        context.ready(A);

        context.fail(A, "A is down");

        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(context.connects()).containsExactly(A, B);
        context.fail(B, "B is down, too");
        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(pick().status().message()).isEqualTo("B is down, too");
        context.backoffOver(A);
        assertThat(context.connects()).containsExactly(A, B, A);
    }

    @Test
    void pf9ASelectedSubchannelThatSaysReadyAgainChangesNothing() {
        resolve(A);
        context.ready(A);

        context.ready(A);

        assertThat(context.reported()).containsExactly(CONNECTING, READY);
    }

    @Test
    void pf9TheNextPassBeginsWithTheFirstAddressAgain() {
        resolve(A, B);
        context.fail(A);
        context.ready(B);
        context.lose(B);

        balancer.exitIdle();

        assertThat(context.connects()).containsExactly(A, B, A);
    }

    @Test
    void pf12ExitIdleReportsConnectingBeforeItConnects() {
        resolve(A);
        context.ready(A);
        context.lose(A);

        balancer.exitIdle();

        assertThat(context.reported()).containsExactly(CONNECTING, READY, IDLE, CONNECTING);
        assertThat(context.connects()).containsExactly(A, A);
    }

    @Test
    void pf12ExitIdleOutsideIdleDoesNothing() {
        resolve(A);
        balancer.exitIdle();
        context.fail(A);
        balancer.exitIdle();

        assertThat(context.connects()).containsExactly(A);
    }

    /** A parent may replace this policy because of what it says. */
    @Test
    void whatItReportsMayCloseIt() {
        resolve(A, B);
        context.ready(A);
        context.onReport(() -> balancer.close());

        context.fail(A);

        assertThat(context.live()).isEmpty();
        assertThat(context.timers()).isZero();
        balancer.exitIdle();
        balancer.onResolverError(Status.of(StatusCode.UNAVAILABLE, "late"));
        assertThat(context.reported()).containsExactly(CONNECTING, READY, CONNECTING);
    }

    @Test
    void closeShutsEverythingDown() {
        resolve(A, B, C);
        context.advance(Duration.ofMillis(250));

        balancer.close();

        assertThat(context.live()).isEmpty();
        assertThat(context.timers()).isZero();
    }

    private void start(LoadBalancingPolicy policy) {
        balancer = policy.newBalancer(context);
    }

    private void resolve(String... hosts) {
        assertThat(balancer.onEndpoints(BalancerHarness.endpoints(hosts))).isTrue();
    }

    /** Lets every attempt of the first pass fail as soon as it has begun. */
    private void failAllInTurn() {
        for (int i = 0; i < context.connects().size(); i++) {
            context.fail(context.connects().get(i));
        }
    }

    private void retryAndFail(String host, String message) {
        context.backoffOver(host);
        context.fail(host, message);
    }

    private PickResult pick() {
        return context.pick();
    }

    private String pickedAddress() {
        return context.pickedHost();
    }
}
