package io.peregrine.client.balancer;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.Endpoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What all policies have in common that keep a pick_first for each endpoint (SPEC LB-4 to LB-7). */
class EndpointBalancerTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";
    private static final String C = "10.0.0.3";

    private final BalancerHarness context = new BalancerHarness();
    private final Journalling balancer = new Journalling(context, true);

    @Test
    void lb4EachEndpointHasAPickFirstOfItsOwn() {
        resolve(endpoint(A, B), endpoint(C));
        assertThat(context.connects()).containsExactly(A, C);

        context.fail(A);
        context.ready(B);
        context.ready(C);

        assertThat(balancer.ready()).hasSize(2);
        assertThat(context.live()).containsExactlyInAnyOrder(B, C);
    }

    @Test
    void lb4AnEndpointIsItsSetOfAddressesWhateverTheirOrder() {
        resolve(endpoint(A, B), endpoint(C));
        List<EndpointChild> before = List.copyOf(balancer.children());

        resolve(endpoint(C), endpoint(B, A));

        assertThat(balancer.children()).containsExactly(before.get(1), before.get(0));
        assertThat(balancer.journal).isEmpty();
    }

    @Test
    void lb4AChildGetsTheNewOrderOfItsAddresses() {
        resolve(endpoint(A, B));
        context.ready(A);

        resolve(endpoint(B, A));
        assertThat(context.state()).as("the connection stays").isEqualTo(READY);
        context.lose(A);

        assertThat(context.connects()).containsExactly(A, B);
        assertThat(balancer.children().iterator().next().endpoint()).isEqualTo(endpoint(B, A));
    }

    @Test
    void lb4EqualEndpointsStayNewOnesConnectAndOthersClose() {
        resolve(endpoint(A), endpoint(B));
        context.ready(A);
        context.ready(B);

        resolve(endpoint(B), endpoint(C));

        assertThat(context.connects()).containsExactly(A, B, C);
        assertThat(context.live()).containsExactly(B, C);
        assertThat(balancer.journal).containsExactly("closed " + A);
        assertThat(context.state()).isEqualTo(READY);
        assertThat(context.pickedHost()).isEqualTo(B);
    }

    @Test
    void lb4WhatHasGoneIsClosedBehindTheNewPicker() {
        resolve(endpoint(A), endpoint(B));
        context.ready(A);
        context.ready(B);
        List<List<String>> liveAtReports = new ArrayList<>();
        context.onReport(() -> liveAtReports.add(context.live()));

        resolve(endpoint(B), endpoint(C));
        context.run(() -> assertThat(balancer.onEndpoints(List.of())).isFalse());

        assertThat(liveAtReports).hasSize(2);
        assertThat(liveAtReports.get(0)).as("calls may go to A until then").contains(A, B);
        assertThat(liveAtReports.get(1)).contains(B, C);
        assertThat(context.live()).isEmpty();
    }

    @Test
    void lb4WhatHasGoneIsClosedThoughThePickerClosesThePolicy() {
        resolve(endpoint(A), endpoint(B));
        context.onReport(balancer::close);

        context.run(() -> balancer.onEndpoints(List.of(endpoint(B))));

        assertThat(context.live()).isEmpty();
        assertThat(balancer.journal).containsExactlyInAnyOrder("closed " + A, "closed " + B);
    }

    @Test
    void lb4OtherAttributesLeaveTheConnectionAlone() {
        resolve(endpoint(A).with(Endpoint.WEIGHT, 1));
        context.ready(A);

        resolve(endpoint(A).with(Endpoint.WEIGHT, 5));

        assertThat(balancer.children().iterator().next().endpoint().weight()).isEqualTo(5);
        assertThat(context.connects()).containsExactly(A);
        assertThat(context.state()).isEqualTo(READY);
    }

    @Test
    void lb5WhatIsIdleConnectsAgainAtOnce() {
        resolve(endpoint(A), endpoint(B));
        context.ready(A);

        context.lose(A);

        assertThat(context.connects()).containsExactly(A, B, A);
        assertThat(context.state()).isEqualTo(CONNECTING);
        assertThat(context.reported()).doesNotContain(IDLE);
    }

    @Test
    void lb5APolicyThatConnectsOnDemandLeavesItIdle() {
        Journalling onDemand = new Journalling(context, false);
        onDemand.onEndpoints(List.of(endpoint(A), endpoint(B)));
        onDemand.exitIdle();
        assertThat(context.connects()).isEmpty();
        assertThat(context.state()).isEqualTo(IDLE);

        onDemand.children().iterator().next().connect();
        context.ready(A);
        context.lose(A);

        assertThat(context.connects()).containsExactly(A);
        assertThat(context.state()).isEqualTo(IDLE);
    }

    @Test
    void lb6WhenAllHaveFailedCallsFailWithTheRealReasons() {
        resolve(endpoint(A), endpoint(B));
        context.fail(A);
        assertThat(context.state()).isEqualTo(CONNECTING);
        context.fail(B);

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(List.of(
                        context.pick().status().message(),
                        context.pick().status().message()))
                .containsExactlyInAnyOrder(A + " refused", B + " refused");
    }

    @Test
    void lb7AnEndpointThatIsListedTwiceIsOne() {
        resolve(endpoint(A).with(Endpoint.WEIGHT, 2), endpoint(B, C), endpoint(A), endpoint(C, B));

        assertThat(context.connects()).containsExactly(A, B);
        assertThat(balancer.children()).hasSize(2);
        assertThat(balancer.children().iterator().next().endpoint().weight()).isEqualTo(2);
    }

    @Test
    void pf10AnErrorOfTheResolverIsForThoseThatCannotBeReached() {
        resolve(endpoint(A), endpoint(B));
        context.ready(A);
        Status error = Status.of(StatusCode.NOT_FOUND, "SERVFAIL");

        balancer.onResolverError(error);
        assertThat(context.state()).isEqualTo(READY);
        context.fail(B);
        context.lose(A);
        context.fail(A);
        balancer.onResolverError(error);

        assertThat(context.pick().status()).isEqualTo(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));
    }

    @Test
    void anErrorOfTheResolverBeforeAnyEndpointFailsCalls() {
        balancer.onResolverError(Status.of(StatusCode.NOT_FOUND, "SERVFAIL"));

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(context.pick().status()).isEqualTo(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));
    }

    @Test
    void pf3AnEmptyListClosesAllAndFails() {
        resolve(endpoint(A), endpoint(B));
        context.ready(A);

        assertThat(balancer.onEndpoints(List.of())).isFalse();

        assertThat(context.live()).isEmpty();
        assertThat(context.pick().status().message()).contains("zero addresses");
        resolve(endpoint(A));
        assertThat(context.state()).isEqualTo(CONNECTING);
    }

    @Test
    void rr1AFailureHoldsUntilTheEndpointIsReady() {
        resolve(endpoint(A));
        context.subConn(A).withHealthCheck();
        context.ready(A);
        context.subConn(A).health(TRANSIENT_FAILURE, Status.of(StatusCode.UNAVAILABLE, "NOT_SERVING"));

        context.lose(A);

        assertThat(context.connects()).as("it connects again").containsExactly(A, A);
        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(context.pick().status().message()).isEqualTo("NOT_SERVING");
        context.ready(A);
        assertThat(context.state()).isEqualTo(READY);
    }

    @Test
    void whatChangesTogetherIsPublishedOnce() {
        List<Endpoint> endpoints = IntStream.range(0, 1_000)
                .mapToObj(i -> endpoint("10.1." + i / 250 + '.' + (1 + i % 250)))
                .toList();
        context.run(() -> balancer.onEndpoints(endpoints));
        int updates = balancer.updates;

        context.run(() -> endpoints.forEach(
                one -> context.ready(BalancerHarness.host(one.addresses().get(0)))));

        assertThat(balancer.updates - updates).isBetween(1, 2);
        assertThat(balancer.ready()).hasSize(1_000);
    }

    @Test
    void tenThousandEndpointsEachSecondMakeNothingNew() {
        List<Endpoint> endpoints = IntStream.range(0, 10_000)
                .mapToObj(i -> endpoint("10.1." + i / 250 + '.' + (1 + i % 250)))
                .toList();
        context.run(() -> balancer.onEndpoints(endpoints));
        for (int i = 0; i < 20; i++) {
            context.run(() -> balancer.onEndpoints(endpoints));
            context.advance(Duration.ofSeconds(1));
        }

        assertThat(context.connects()).hasSize(10_000);
        assertThat(balancer.journal).isEmpty();
        assertThat(balancer.updates).as("each list is one").isBetween(21, 24);
    }

    @Test
    void afterCloseNothingIsPublishedAndNothingConnects() {
        resolve(endpoint(A), endpoint(B));
        BalancerHarness.FakeSubConn late = context.subConn(A);
        int reports = context.reported().size();

        context.run(() -> {
            context.ready(B);
            balancer.close();
        });
        late.tell(READY, Status.OK);

        assertThat(context.live()).isEmpty();
        assertThat(balancer.journal).containsExactly("closed " + A, "closed " + B);
        assertThat(context.reported()).hasSize(reports);
    }

    @Test
    void whatItPublishesMayCloseIt() {
        resolve(endpoint(A), endpoint(B));
        context.onReport(balancer::close);

        context.ready(A);

        assertThat(context.live()).isEmpty();
        assertThat(context.timers()).isZero();
    }

    private void resolve(Endpoint... endpoints) {
        context.run(() -> assertThat(balancer.onEndpoints(List.of(endpoints))).isTrue());
    }

    /** Publishes as round_robin does, and keeps a journal. */
    private static final class Journalling extends EndpointBalancer<EndpointChild> {
        final List<String> journal = new ArrayList<>();
        int updates;
        private final boolean connectsAtOnce;

        Journalling(Context context, boolean connectsAtOnce) {
            super(context);
            this.connectsAtOnce = connectsAtOnce;
        }

        @Override
        protected boolean connectsAtOnce() {
            return connectsAtOnce;
        }

        @Override
        protected EndpointChild newChild(Endpoint endpoint) {
            return new EndpointChild(this, endpoint) {
                @Override
                protected void onClosed() {
                    journal.add("closed "
                            + BalancerHarness.host(endpoint().addresses().get(0)));
                }
            };
        }

        @Override
        protected void update() {
            updates++;
            switch (aggregateState()) {
                case READY ->
                    context()
                            .updateState(
                                    READY,
                                    Rotation.over(ready().stream()
                                            .map(EndpointChild::result)
                                            .toList()));
                case TRANSIENT_FAILURE -> context().updateState(TRANSIENT_FAILURE, failingPicker());
                default -> context().updateState(aggregateState(), FixedPicker.queueing());
            }
        }
    }
}
