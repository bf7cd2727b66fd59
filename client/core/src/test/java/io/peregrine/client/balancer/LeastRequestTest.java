package io.peregrine.client.balancer;

import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SPEC 2.8.6, on scripted subchannels. */
class LeastRequestTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";

    /** So many that an endpoint which may be drawn is drawn. */
    private static final int MANY = 200;

    private static final Duration WINDOW = Duration.ofSeconds(100);

    private final BalancerHarness context = new BalancerHarness();
    private final LoadBalancer balancer = new LeastRequest(10).newBalancer(context);

    @Test
    void lq1TwoChoicesUnlessTheConfigSaysMore() {
        assertThat(parse(Map.of())).isEqualTo(LeastRequest.policy()).isEqualTo(new LeastRequest(2));
        assertThat(parse(Map.of("choiceCount", 3))).isEqualTo(new LeastRequest(3));
        assertThat(parse(Map.of("choiceCount", 1000))).isEqualTo(new LeastRequest(10));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 0, -1})
    void lq1FewerThanTwoChoicesAreRefused(int choices) {
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> parse(Map.of("choiceCount", choices)))
                .withMessageContaining("$.choiceCount")
                .withMessageContaining("at least 2");
        assertThatIllegalArgumentException().isThrownBy(() -> new LeastRequest(choices));
    }

    @Test
    void lq2TheOneWithFewerCallsIsChosen() {
        resolveReady(A, B);
        List<PickResult> underWay = pick(MANY);
        Map<String, Integer> calls = count(underWay);
        assertThat(calls.get(A)).isCloseTo(calls.get(B), within(4));

        underWay.stream()
                .filter(result -> BalancerHarness.hostOf(result).equals(A))
                .limit(50)
                .forEach(LeastRequestTest::end);

        // Ten draws among two miss one of them once in 500 picks.
        assertThat(count(pick(40)).get(A)).isGreaterThan(35);
    }

    @Test
    void lq2DrawsAreWithReplacementSoThatTheBusierOneIsChosenNowAndThen() {
        LoadBalancer two = LeastRequest.policy().newBalancer(context);
        context.run(() -> two.onEndpoints(BalancerHarness.endpoints(A, B)));
        context.ready(A);
        pick(1_000);
        context.ready(B);

        assertThat(count(pick(400)).get(A))
                .as("both draws are A in a quarter of the picks")
                .isBetween(50, 160);
    }

    @Test
    void lq3CountersOutliveListsAndConnections() {
        resolveReady(A);
        pick(500);

        resolveReady(A, B);
        assertThat(count(pick(100)).getOrDefault(A, 0)).isLessThan(10);
        context.lose(A);
        context.ready(A);

        assertThat(count(pick(100)).getOrDefault(A, 0)).isLessThan(10);
    }

    @Test
    void lq3AnEndpointThatLeavesAndComesBackBeginsAnew() {
        resolveReady(A, B);
        pick(MANY);
        resolve(B);

        resolveReady(A, B);

        assertThat(count(pick(50)).get(A)).isGreaterThan(40);
    }

    @Test
    void thePickerStaysWhileTheReadyOnesAndTheConfigAreTheSame() {
        resolveReady(A, B);
        Picker picker = context.picker();

        resolve(A, B);
        assertThat(context.picker()).isSameAs(picker);
        resolve(B, A);
        assertThat(context.picker()).as("in another order").isSameAs(picker);
        assertThat(balancer.tryReconfigure(new LeastRequest(3))).isTrue();
        resolve(A, B);

        assertThat(context.picker()).isNotSameAs(picker);
        assertThat(balancer.tryReconfigure(RoundRobin.policy())).isFalse();
    }

    @Test
    void ex2ANewEndpointHasATenthOfTheCallsAtFirstAndItsWholeShareInTheEnd() {
        LoadBalancer gentle =
                new LeastRequest(10).withSlowStart(SlowStart.linear(WINDOW)).newBalancer(context);
        context.run(() -> gentle.onEndpoints(BalancerHarness.endpoints(A, B)));
        context.ready(A);
        context.advance(WINDOW);
        context.ready(B);

        List<PickResult> underWay = pick(MANY);
        int early = count(underWay).getOrDefault(B, 0);
        context.advance(WINDOW);
        underWay.addAll(pick(MANY));
        Map<String, Integer> calls = count(underWay);

        assertThat(early).as("an eleventh of all").isBetween(10, 28);
        assertThat(calls.get(A)).isCloseTo(calls.get(B), within(8));
        assertThat(context.timers()).as("nothing rises any more").isZero();
    }

    @Test
    void ex2NoTimerRunsForAnEndpointThatIsLostOrHasGone() {
        LoadBalancer gentle =
                LeastRequest.policy().withSlowStart(SlowStart.linear(WINDOW)).newBalancer(context);
        context.run(() -> gentle.onEndpoints(BalancerHarness.endpoints(A, B)));
        context.ready(A);
        context.ready(B);
        assertThat(context.timers()).isEqualTo(1);

        context.lose(A);
        context.run(() -> gentle.onEndpoints(BalancerHarness.endpoints(A)));
        context.advance(WINDOW.dividedBy(10));
        assertThat(context.timers()).isZero();

        context.ready(A);
        assertThat(context.timers()).isEqualTo(1);
        context.run(gentle::close);
        assertThat(context.timers()).isZero();
    }

    @Test
    void ex2SlowStartIsReadAndTakenUpByThePolicyThatRuns() {
        LeastRequest gentle = LeastRequest.policy().withSlowStart(SlowStart.linear(Duration.ofSeconds(30)));
        assertThat(parse(Map.of("slowStartConfig", Map.of("slowStartWindow", "30s"))))
                .isEqualTo(gentle);
        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> parse(Map.of("slowStartConfig", Map.of())))
                .withMessageContaining("$.slowStartConfig.slowStartWindow");

        resolveReady(A, B);
        Picker picker = context.picker();
        assertThat(balancer.tryReconfigure(gentle)).isTrue();
        resolve(A, B);

        assertThat(context.picker()).isNotSameAs(picker);
    }

    @Test
    void lb6CallsFailWithTheRealReason() {
        resolve(A);
        context.fail(A);

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(context.pick().status().message()).isEqualTo(A + " refused");
    }

    private void resolve(String... hosts) {
        context.run(() -> balancer.onEndpoints(BalancerHarness.endpoints(hosts)));
    }

    private void resolveReady(String... hosts) {
        resolve(hosts);
        Stream.of(hosts).filter(host -> context.subConn(host).state() != READY).forEach(context::ready);
    }

    private List<PickResult> pick(int calls) {
        List<PickResult> picked = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            picked.add(context.pick());
        }
        return picked;
    }

    private static Map<String, Integer> count(List<PickResult> picked) {
        Map<String, Integer> counts = new HashMap<>();
        picked.forEach(result -> counts.merge(BalancerHarness.hostOf(result), 1, Integer::sum));
        return counts;
    }

    /** This listener does not look at how a call ended. */
    private static void end(PickResult picked) {
        Objects.requireNonNull(picked.doneListener()).onDone(FinishedCall.OK);
    }

    private static LoadBalancingPolicy parse(Map<String, Object> config) {
        return LeastRequest.provider().parse(ConfigValue.root(config).asObject(), LoadBalancerRegistry.standard());
    }
}
