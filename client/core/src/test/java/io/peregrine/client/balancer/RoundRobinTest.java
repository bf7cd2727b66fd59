package io.peregrine.client.balancer;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.config.json.ConfigObject;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** SPEC 2.8.3, on scripted subchannels. */
class RoundRobinTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";
    private static final String C = "10.0.0.3";

    private final BalancerHarness context = new BalancerHarness();
    private final LoadBalancer balancer = RoundRobin.policy().newBalancer(context);

    @Test
    void lb1IsFoundByItsName() {
        LoadBalancerProvider found =
                Objects.requireNonNull(LoadBalancerRegistry.standard().find("round_robin"));

        assertThat(found.parse(ConfigObject.empty("$"), LoadBalancerRegistry.standard()))
                .isEqualTo(RoundRobin.policy());
        assertThat(LoadBalancerRegistry.standard().find("Round_Robin")).isNull();
    }

    @Test
    void rr1OneReadyEndpointIsEnough() {
        resolve(A, B, C);
        assertThat(context.state()).isEqualTo(CONNECTING);
        context.fail(A);

        context.ready(B);

        assertThat(context.state()).isEqualTo(READY);
        assertThat(context.pickedHost()).isEqualTo(B);
    }

    @Test
    void rr1AnEndpointThatFailedCountsAsThatUntilItIsReady() {
        resolve(A, B);
        context.fail(A);
        context.ready(B);
        context.backoffOver(A);
        assertThat(context.subConn(A).state()).isEqualTo(CONNECTING);
        context.lose(B);
        context.fail(B);

        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
    }

    @Test
    void rr2TheReadyOnesTakeTurns() {
        resolve(A, B, C);
        Stream.of(A, B, C).forEach(context::ready);

        List<String> picked = Stream.generate(context::pickedHost).limit(9).toList();

        assertThat(picked.subList(0, 3)).containsExactlyInAnyOrder(A, B, C);
        assertThat(picked.subList(3, 6)).isEqualTo(picked.subList(0, 3));
        assertThat(picked.subList(6, 9)).isEqualTo(picked.subList(0, 3));
    }

    @Test
    void rr2TheRotationGoesOnWhileTheReadyOnesAreTheSame() {
        resolve(A, B, C);
        context.ready(A);
        context.ready(B);
        Picker picker = context.picker();

        context.fail(C);
        context.backoffOver(C);
        resolve(A, B, C);

        assertThat(context.picker()).isSameAs(picker);
        context.ready(C);
        assertThat(context.picker()).isNotSameAs(picker);
    }

    @Test
    void rr2TheRotationGoesOnWhenTheResolverNamesThemInAnotherOrder() {
        resolve(A, B, C);
        context.ready(A);
        context.ready(B);
        Picker picker = context.picker();

        resolve(C, B, A);

        assertThat(context.picker()).isSameAs(picker);
    }

    @Test
    void rr2AConnectionThatWasReplacedIsAnotherOne() {
        resolve(A, B);
        context.ready(A);
        context.ready(B);
        context.lose(A);
        assertThat(context.pickedHost()).isEqualTo(B);

        context.ready(A);

        assertThat(List.of(context.pickedHost(), context.pickedHost())).containsExactlyInAnyOrder(A, B);
        assertThat(Stream.generate(() -> context.pick().subConn()).limit(2)).contains(context.subConn(A));
    }

    @Test
    void rr3CallsWaitWhileOneConnects() {
        resolve(A, B);
        context.fail(A);

        assertThat(context.pick()).isSameAs(PickResult.queue());
    }

    @Test
    void rr3WhenAllHaveFailedTheirErrorsTakeTurns() {
        resolve(A, B);
        context.fail(A);
        context.fail(B);

        List<String> errors = Stream.generate(() -> context.pick().status().message())
                .limit(4)
                .toList();

        assertThat(errors.subList(0, 2)).containsExactlyInAnyOrder(A + " refused", B + " refused");
        assertThat(errors.subList(2, 4)).isEqualTo(errors.subList(0, 2));
    }

    private void resolve(String... hosts) {
        context.run(() -> assertThat(balancer.onEndpoints(BalancerHarness.endpoints(hosts)))
                .isTrue());
    }
}
