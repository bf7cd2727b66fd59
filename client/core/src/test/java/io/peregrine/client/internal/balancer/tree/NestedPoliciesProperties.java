package io.peregrine.client.internal.balancer.tree;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.FinishedCall;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.GracefulSwitch;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.OutlierDetection.FailurePercentage;
import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.balancer.policy.Priority;
import io.peregrine.client.balancer.policy.RandomSubsetting;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.balancer.policy.WeightedTarget;
import io.peregrine.client.balancer.policy.ZonePreference;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import io.peregrine.testkit.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Any policies, one under the other, whatever happens to them: no call goes astray, and nothing is left behind. */
class NestedPoliciesProperties {
    private static final int TREES = 20;
    private static final int EVENTS = 120;
    private static final int HOSTS = 8;
    private static final int DEPTH = 3;
    private static final Locality OWN = new Locality("eu", "a", "");
    private static final Status ILL = Status.of(StatusCode.UNAVAILABLE, "NOT_SERVING");

    @Test
    void lb3AndPk2WhateverHappensCallsGoToConnectionsThatAreThereAndNothingIsLeftBehind() {
        SplittableRandom random = Seeds.random("nested policies lose nothing");
        for (int tree = 0; tree < TREES; tree++) {
            Tree grown = new Tree(random.split());
            for (int event = 0; event < EVENTS; event++) {
                grown.happen();
                grown.assertPicksAreLive();
            }
            grown.assertHealsItself();
            grown.assertLeavesNothing();
        }
    }

    /** A channel with a policy, its servers, and calls under way. */
    private static final class Tree {
        private final SplittableRandom random;
        private final BalancerHarness context;
        private final GracefulSwitch policies;
        private final List<PickResult> calls = new ArrayList<>();
        private LoadBalancingPolicy policy;

        Tree(SplittableRandom random) {
            this.random = random;
            this.context = new BalancerHarness(random.split());
            this.policies = new GracefulSwitch(context);
            this.policy = grow(DEPTH);
            resolve(endpoints());
        }

        void happen() {
            switch (random.nextInt(12)) {
                case 0 -> resolve(random.nextInt(10) == 0 ? List.of() : endpoints());
                case 1 -> {
                    if (random.nextInt(6) == 0) {
                        policy = grow(DEPTH);
                        resolve(endpoints());
                    }
                }
                case 2 -> context.advance(Duration.ofMillis(random.nextInt(3_000)));
                case 3 -> context.run(() -> policies.onResolverError(ILL));
                case 4 -> context.run(policies::exitIdle);
                case 5, 6 -> endCalls();
                default -> {
                    List<BalancerHarness.FakeSubConn> live = context.liveSubConns();
                    if (!live.isEmpty()) {
                        happenTo(live.get(random.nextInt(live.size())));
                    }
                }
            }
        }

        private void happenTo(BalancerHarness.FakeSubConn subConn) {
            switch (subConn.state()) {
                case CONNECTING -> {
                    if (random.nextInt(4) == 0) {
                        subConn.withHealthCheck();
                    }
                    boolean refused = random.nextInt(3) == 0;
                    subConn.move(
                            refused ? ConnectivityState.TRANSIENT_FAILURE : ConnectivityState.READY,
                            refused ? ILL : Status.OK);
                }
                case TRANSIENT_FAILURE -> subConn.move(ConnectivityState.IDLE, Status.OK);
                case READY -> {
                    if (random.nextInt(3) == 0) {
                        subConn.move(ConnectivityState.IDLE, ILL);
                    } else if (subConn.isHealthWatched()) {
                        boolean well = random.nextBoolean();
                        subConn.health(
                                well ? ConnectivityState.READY : ConnectivityState.TRANSIENT_FAILURE,
                                well ? Status.OK : ILL);
                    }
                }
                default -> {
                    // It waits for a call, or for its turn.
                }
            }
        }

        private void endCalls() {
            for (PickResult call : calls) {
                (random.nextInt(3) == 0 ? FinishedCall.UNAVAILABLE : FinishedCall.OK).tell(call);
            }
            calls.clear();
        }

        void assertPicksAreLive() {
            for (int i = 0; i < 5; i++) {
                PickResult picked = context.pick(CallOptions.DEFAULT.withAffinityKey("k" + random.nextInt(50)));
                if (picked.subConn() != null) {
                    assertThat(picked.subConn())
                            .as("%s", policy)
                            .isInstanceOfSatisfying(
                                    BalancerHarness.FakeSubConn.class,
                                    subConn -> assertThat(subConn.state())
                                            .as("%s", policy)
                                            .isEqualTo(ConnectivityState.READY));
                    calls.add(picked);
                }
            }
        }

        /** As the channel does when a call comes to a policy that is idle and only lets it wait. */
        private void wake() {
            if (context.state() == ConnectivityState.IDLE && context.picker() instanceof FixedPicker) {
                context.run(policies::exitIdle);
            }
        }

        /** When all servers are there and well, calls soon go to them. */
        void assertHealsItself() {
            resolve(reachable());
            for (int round = 0; round < 200; round++) {
                for (BalancerHarness.FakeSubConn subConn : context.liveSubConns()) {
                    heal(subConn);
                }
                endWell();
                wake();
                context.advance(Duration.ofMillis(500));
                PickResult picked = context.pick(CallOptions.DEFAULT.withAffinityKey("k" + random.nextInt(50)));
                if (picked.subConn() != null) {
                    calls.add(picked);
                    if (round > 40) {
                        break;
                    }
                }
            }
            assertThat(context.state()).as("%s", policy).isEqualTo(ConnectivityState.READY);
            assertPicksAreLive();
            assertThat(calls).as("%s", policy).isNotEmpty();
        }

        private void endWell() {
            calls.forEach(FinishedCall.OK::tell);
            calls.clear();
        }

        private static void heal(BalancerHarness.FakeSubConn subConn) {
            switch (subConn.state()) {
                case CONNECTING -> subConn.move(ConnectivityState.READY, Status.OK);
                case TRANSIENT_FAILURE -> subConn.move(ConnectivityState.IDLE, Status.OK);
                case READY -> {
                    if (subConn.isHealthWatched()) {
                        subConn.health(ConnectivityState.READY, Status.OK);
                    }
                }
                default -> {
                    // It waits for a call.
                }
            }
        }

        void assertLeavesNothing() {
            int reports = context.reported().size();
            context.run(policies::close);
            endCalls();
            context.advance(Duration.ofMinutes(1));

            assertThat(context.live()).as("%s", policy).isEmpty();
            assertThat(context.timers()).as("%s", policy).isZero();
            assertThat(context.reported()).as("%s", policy).hasSize(reports);
        }

        private void resolve(List<Endpoint> endpoints) {
            context.run(() -> {
                policies.switchTo(policy);
                boolean unused = policies.onEndpoints(endpoints);
            });
        }

        private LoadBalancingPolicy grow(int depth) {
            return switch (random.nextInt(depth == 0 ? 6 : 12)) {
                case 0 -> random.nextBoolean() ? PickFirst.policy() : PickFirst.shuffled();
                case 1 -> RoundRobin.policy();
                case 2 -> {
                    WeightedRoundRobin.Builder builder =
                            WeightedRoundRobin.builder().weightUpdatePeriod(Duration.ofMillis(500));
                    yield (random.nextBoolean() ? builder : builder.outOfBandReports(Duration.ofSeconds(1))).build();
                }
                case 3 -> new LeastRequest(2 + random.nextInt(3));
                case 4 -> PeakEwma.policy();
                case 5 -> RingHash.policy().withRingSize(16, 64);
                case 6, 7 ->
                    OutlierDetection.over(grow(depth - 1))
                            .withInterval(Duration.ofSeconds(1))
                            .withEjectionTime(Duration.ofSeconds(2), Duration.ofSeconds(10))
                            .withMaxEjectionPercent(random.nextInt(101))
                            .detecting(null, random.nextInt(4) == 0 ? null : new FailurePercentage(30, 100, 1, 1));
                case 8 -> new RandomSubsetting(1 + random.nextInt(HOSTS), grow(depth - 1));
                case 9 -> ZonePreference.of(OWN, grow(depth - 1)).withSpilloverPercent(1 + random.nextInt(100));
                case 10 ->
                    random.nextBoolean()
                            ? Priority.first("a", grow(depth - 1)).then("b", grow(depth - 1))
                            : Priority.first("b", grow(depth - 1)).then("a", grow(depth - 1));
                default -> WeightedTarget.of("a", 1, grow(depth - 1)).and("b", 3, grow(depth - 1));
            };
        }

        private List<Endpoint> endpoints() {
            List<Endpoint> endpoints = new ArrayList<>();
            for (int host = 0; host < HOSTS; host++) {
                if (random.nextInt(3) > 0) {
                    endpoints.add(decorate(endpointOf(host), name(), name(), name()));
                }
            }
            return endpoints.isEmpty() ? reachable() : endpoints;
        }

        /** Endpoints that belong to a child at each level. */
        private List<Endpoint> reachable() {
            List<Endpoint> endpoints = new ArrayList<>();
            for (int host = 0; host < HOSTS; host++) {
                endpoints.add(decorate(endpointOf(host), "a", "a", "a"));
            }
            return endpoints;
        }

        private Endpoint endpointOf(int host) {
            String first = "10.0.0." + host;
            return random.nextInt(4) == 0 ? endpoint(first, "10.0.1." + random.nextInt(HOSTS)) : endpoint(first);
        }

        private Endpoint decorate(Endpoint endpoint, String... path) {
            Endpoint named = endpoint.with(ChildPath.KEY, ChildPath.of(path))
                    .with(Endpoint.LOCALITY, random.nextBoolean() ? OWN : new Locality("eu", name(), ""))
                    .with(Endpoint.WEIGHT, 1 + random.nextInt(5));
            return random.nextInt(10) == 0 ? named.with(Endpoint.SERVER_NAME, "other.test") : named;
        }

        private String name() {
            return random.nextBoolean() ? "a" : "b";
        }
    }
}
