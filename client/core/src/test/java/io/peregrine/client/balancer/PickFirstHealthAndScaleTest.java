package io.peregrine.client.balancer;

import static io.peregrine.client.ConnectivityState.CONNECTING;
import static io.peregrine.client.ConnectivityState.IDLE;
import static io.peregrine.client.ConnectivityState.READY;
import static io.peregrine.client.ConnectivityState.TRANSIENT_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.internal.balancer.leaf.PickFirstBalancer;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** pick_first under another policy (PF-11), and with very many addresses. */
class PickFirstHealthAndScaleTest {
    private static final String A = "10.0.0.1";
    private static final String B = "10.0.0.2";

    private final BalancerHarness context = new BalancerHarness();
    private LoadBalancer balancer = PickFirst.policy().newBalancer(context);

    @Test
    void pf11AloneItLooksAtNoHealth() {
        resolve(A);
        context.subConn(A).withHealthCheck();

        context.ready(A);

        assertThat(context.state()).isEqualTo(READY);
    }

    @Test
    void pf11UnderAnotherPolicyItsStateIsTheHealthOfTheServer() {
        balancer = PickFirstBalancer.ofEndpoint(context);
        resolve(A, B);
        context.subConn(A).withHealthCheck();
        context.ready(A);
        assertThat(context.state()).isEqualTo(CONNECTING);

        context.subConn(A).health(READY, Status.OK);
        assertThat(pickedAddress()).isEqualTo(A);
        context.subConn(A).health(TRANSIENT_FAILURE, Status.of(StatusCode.UNAVAILABLE, "NOT_SERVING"));
        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(pick().status().message()).isEqualTo("NOT_SERVING");
        assertThat(context.connects()).as("the connection stays").containsExactly(A);
        context.subConn(A).health(CONNECTING, Status.OK);
        context.subConn(A).health(READY, Status.OK);

        assertThat(context.reported())
                .as("of the pass, of the connection, and of the health that is not known yet")
                .startsWith(CONNECTING, CONNECTING, CONNECTING)
                .endsWith(READY, TRANSIENT_FAILURE, CONNECTING, READY)
                .hasSize(7);
    }

    @Test
    void pf11HealthOfASubchannelThatWasLostIsIgnored() {
        balancer = PickFirstBalancer.ofEndpoint(context);
        resolve(A);
        BalancerHarness.FakeSubConn lost = context.subConn(A);
        context.ready(A);
        context.lose(A);

        lost.health(READY, Status.OK);

        assertThat(context.state()).isEqualTo(IDLE);
    }

    @Test
    void pf5TenThousandAddressesThatFailTakeOneAttemptEach() {
        String[] hosts = manyHosts();
        resolve(hosts);
        for (int i = 0; i < hosts.length; i++) {
            context.newest().move(TRANSIENT_FAILURE, Status.of(StatusCode.UNAVAILABLE, "refused"));
        }

        assertThat(context.connects()).containsExactly(hosts);
        assertThat(context.state()).isEqualTo(TRANSIENT_FAILURE);
        assertThat(context.reported()).containsExactly(CONNECTING, TRANSIENT_FAILURE);
        assertThat(context.resolveNows()).isEqualTo(1);
    }

    @Test
    void pf4TenThousandAddressesEachSecondCostOneSubchannel() {
        String[] hosts = manyHosts();
        resolve(hosts);
        context.ready(hosts[0]);

        for (int i = 0; i < 60; i++) {
            resolve(hosts);
            context.advance(Duration.ofSeconds(1));
        }

        assertThat(context.live()).containsExactly(hosts[0]);
        assertThat(context.reported()).containsExactly(CONNECTING, READY);
    }

    private void resolve(String... hosts) {
        assertThat(balancer.onEndpoints(BalancerHarness.endpoints(hosts))).isTrue();
    }

    private static String[] manyHosts() {
        return IntStream.range(0, 10_000)
                .mapToObj(i -> "10.1." + i / 250 + '.' + (1 + i % 250))
                .toArray(String[]::new);
    }

    private String pickedAddress() {
        return context.pickedHost();
    }

    private PickResult pick() {
        return context.pick();
    }
}
