package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.balancer.policy.RandomSubsetting;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.testkit.Seeds;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Where calls go while endpoints join, leave, connect, fail and are lost at random (SPEC 2.8.2, 2.8.3, 2.8.6, 2.8.7). */
class LeafPolicyProperties {
    private static final List<String> HOSTS =
            IntStream.rangeClosed(1, 12).mapToObj(i -> "10.0.0." + i).toList();
    private static final int RUNS = 60;
    private static final int STEPS = 60;

    @Test
    void rr2EachReadyEndpointGetsTheSameWhateverHappens() {
        SplittableRandom random = Seeds.random("RR-2: equal shares");
        for (int run = 0; run < RUNS; run++) {
            Script script = new Script(RoundRobin.policy(), random);
            for (int step = 0; step < STEPS; step++) {
                script.step();
                script.assertAggregate();
                List<String> ready = script.ready();
                if (!ready.isEmpty()) {
                    Map<String, Integer> picked = script.pick(ready.size() * 3);
                    assertThat(picked.keySet()).containsExactlyInAnyOrderElementsOf(ready);
                    assertThat(picked.values()).containsOnly(3);
                }
            }
        }
    }

    @Test
    void lq2NoReadyEndpointStarvesAndCallsUnderWayStayLevel() {
        SplittableRandom random = Seeds.random("LQ-2: no starvation");
        for (int run = 0; run < RUNS; run++) {
            Script script = new Script(new LeastRequest(2 + random.nextInt(4)), random);
            for (int step = 0; step < STEPS; step++) {
                script.step();
                script.assertAggregate();
                List<String> ready = script.ready();
                if (!ready.isEmpty()) {
                    assertThat(script.pickAndEnd(ready.size() * 60).keySet())
                            .as("picked")
                            .containsExactlyInAnyOrderElementsOf(ready);
                }
            }
        }
    }

    /** Two choices keep a thousand calls level: the greatest share is a few calls above the mean. */
    @Test
    void lq2TwoChoicesAreNearlyAsGoodAsTurns() {
        SplittableRandom random = Seeds.random("LQ-2: level");
        Script script = new Script(LeastRequest.policy(), random);
        script.resolve(HOSTS);
        HOSTS.forEach(script.context::ready);

        Map<String, Integer> underWay = script.pick(HOSTS.size() * 100);

        assertThat(underWay.values())
                .hasSize(HOSTS.size())
                .allSatisfy(n -> assertThat(n).isBetween(90, 110));
    }

    @Test
    void pf6AllCallsGoToTheOneThatIsReady() {
        SplittableRandom random = Seeds.random("PF-6: one");
        for (int run = 0; run < RUNS; run++) {
            LoadBalancingPolicy policy = random.nextBoolean() ? PickFirst.policy() : PickFirst.shuffled();
            Script script = new Script(policy, random);
            for (int step = 0; step < STEPS; step++) {
                script.step();
                List<String> ready = script.ready();
                assertThat(ready).hasSizeLessThanOrEqualTo(1);
                assertThat(script.context.state() == ConnectivityState.READY).isEqualTo(!ready.isEmpty());
                if (!ready.isEmpty()) {
                    assertThat(script.pick(5)).containsOnlyKeys(ready);
                    assertThat(script.context.live()).isEqualTo(ready);
                    assertThat(script.listed).containsAll(ready);
                    assertThat(script.context.timers()).isZero();
                }
            }
            script.balancer.close();
            assertThat(script.context.live()).isEmpty();
            assertThat(script.context.timers()).isZero();
        }
    }

    /** PF-7 and PF-8: a failure is told until there is a connection, and never hides one. */
    @Test
    void pf8AfterAFailureNothingButReadyFollowsWhileThereAreAddresses() {
        SplittableRandom random = Seeds.random("PF-8: sticky");
        for (int run = 0; run < RUNS; run++) {
            Script script = new Script(PickFirst.policy(), random);
            for (int step = 0; step < STEPS; step++) {
                script.step();
            }
            List<ConnectivityState> reported = script.context.reported();
            for (int i = 1; i < reported.size(); i++) {
                if (reported.get(i - 1) == ConnectivityState.TRANSIENT_FAILURE) {
                    assertThat(reported.get(i)).isIn(ConnectivityState.TRANSIENT_FAILURE, ConnectivityState.READY);
                }
            }
        }
    }

    /** RSb-1. */
    @Test
    void rsb1TheSubsetIsFullAndListed() {
        SplittableRandom random = Seeds.random("RSb-1: subset");
        for (int run = 0; run < RUNS; run++) {
            Script script = new Script(new RandomSubsetting(4, RoundRobin.policy()), random);
            for (int step = 0; step < STEPS; step++) {
                script.step();
                assertThat(script.listed).containsAll(script.context.live());
                assertThat(script.context.live()).hasSize(Math.min(4, script.listed.size()));
                script.assertAggregate();
            }
        }
    }

    /** A policy and what happens to it. */
    private static final class Script {
        final BalancerHarness context;
        final LoadBalancer balancer;
        final List<String> listed = new ArrayList<>();
        private final SplittableRandom random;

        Script(LoadBalancingPolicy policy, SplittableRandom random) {
            this.random = random;
            this.context = new BalancerHarness(random.split());
            this.balancer = policy.newBalancer(context);
            resolve(HOSTS.subList(0, 3));
        }

        void resolve(List<String> hosts) {
            listed.clear();
            listed.addAll(hosts);
            context.run(() -> balancer.onEndpoints(BalancerHarness.endpoints(hosts.toArray(String[]::new))));
        }

        void step() {
            List<String> live = context.live();
            int dice = random.nextInt(10);
            if (dice == 0 || live.isEmpty()) {
                List<String> shuffled = new ArrayList<>(HOSTS);
                Collections.shuffle(shuffled, new Random(random.nextLong()));
                resolve(shuffled.subList(0, 1 + random.nextInt(HOSTS.size())));
            } else if (dice == 1) {
                context.run(balancer::exitIdle);
            } else if (dice == 2) {
                context.advance(java.time.Duration.ofMillis(random.nextInt(400)));
            } else {
                move(live.get(random.nextInt(live.size())));
            }
        }

        private void move(String host) {
            switch (context.subConn(host).state()) {
                case CONNECTING -> {
                    if (random.nextInt(3) == 0) {
                        context.fail(host);
                    } else {
                        context.ready(host);
                    }
                }
                case TRANSIENT_FAILURE -> context.backoffOver(host);
                case READY -> {
                    if (random.nextInt(3) == 0) {
                        context.lose(host);
                    }
                }
                default -> {
                    // Nothing happens to what is idle.
                }
            }
        }

        List<String> ready() {
            return context.live().stream()
                    .filter(host -> context.subConn(host).state() == ConnectivityState.READY)
                    .toList();
        }

        void assertAggregate() {
            List<String> ready = ready();
            if (ready.isEmpty()) {
                assertThat(context.state()).isIn(ConnectivityState.CONNECTING, ConnectivityState.TRANSIENT_FAILURE);
                assertThat(context.pick().subConn()).isNull();
            } else {
                assertThat(context.state()).isEqualTo(ConnectivityState.READY);
            }
        }

        Map<String, Integer> pick(int calls) {
            Map<String, Integer> picked = new HashMap<>();
            for (int i = 0; i < calls; i++) {
                picked.merge(context.pickedHost(), 1, Integer::sum);
            }
            return picked;
        }

        /** With a few calls under way. */
        Map<String, Integer> pickAndEnd(int calls) {
            Map<String, Integer> picked = new HashMap<>();
            Deque<DoneListener> underWay = new ArrayDeque<>();
            for (int i = 0; i < calls; i++) {
                PickResult result = context.pick();
                picked.merge(BalancerHarness.hostOf(result), 1, Integer::sum);
                underWay.add(Objects.requireNonNull(result.doneListener()));
                if (underWay.size() > 5) {
                    underWay.remove().onDone(FinishedCall.OK);
                }
            }
            underWay.forEach(listener -> listener.onDone(FinishedCall.OK));
            return picked;
        }
    }
}
