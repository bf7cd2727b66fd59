package io.peregrine.client.internal.balancer.ring;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static io.peregrine.client.balancer.BalancerHarness.endpoints;
import static io.peregrine.client.balancer.BalancerHarness.hostOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.resolver.Endpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** RH-3 to RH-9 and EX-5, over subchannels that go where the test says. */
class RingHashBalancerTest {
    private static final Metadata.Key<String> USER = Metadata.Key.of("x-user");
    private static final String[] HOSTS = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};

    private final BalancerHarness context = new BalancerHarness();

    // ---- Keys ------------------------------------------------------------------------------------------------

    @Test
    void rh3CallsWithTheSameHeaderGoToTheSameEndpoint() {
        start(RingHash.byHeader("x-user"), HOSTS);
        connectAll();
        Set<String> used = new HashSet<>();

        for (int i = 0; i < 100; i++) {
            CallOptions call = withHeader("user-" + i);
            String host = hostOf(context.pick(call));
            assertThat(hostOf(context.pick(call))).isEqualTo(host);
            used.add(host);
        }

        assertThat(used).containsExactlyInAnyOrder(HOSTS);
    }

    @Test
    void rh3SeveralValuesCountAsOneJoinedByCommas() {
        start(RingHash.byHeader("x-user"), HOSTS);
        connectAll();

        for (int i = 0; i < 50; i++) {
            assertThat(hostOf(context.pick(withHeader("a" + i, "b", "c"))))
                    .isEqualTo(hostOf(context.pick(withHeader("a" + i + ",b,c"))));
        }
    }

    @Test
    void rh3WithoutTheHeaderACallGoesAnywhere() {
        start(RingHash.byHeader("x-user"), HOSTS);
        connectAll();
        Set<String> used = new HashSet<>();

        for (int i = 0; i < 200; i++) {
            used.add(context.pickedHost());
        }

        assertThat(used).containsExactlyInAnyOrder(HOSTS);
    }

    @Test
    void rh3AnEmptyValueIsNoKeyAndItsCallsGoAnywhere() {
        start(RingHash.byHeader("x-user"), HOSTS);
        connectAll();
        Set<String> used = new HashSet<>();

        for (int i = 0; i < 500; i++) {
            used.add(hostOf(context.pick(withHeader(""))));
        }

        assertThat(used).containsExactlyInAnyOrder(HOSTS);
        assertThat(hostOf(context.pick(withHeader("", "a"))))
                .as("two values are one, which is not empty")
                .isEqualTo(hostOf(context.pick(withHeader(",a"))));
    }

    @Test
    void rh3WithoutAnyKeyToGoByACallFailsEvenIfItWaits() {
        start(RingHash.policy(), HOSTS);
        connectAll();

        PickResult picked = context.pick();

        assertThat(picked.isDrop()).isTrue();
        assertThat(picked.status().code()).isEqualTo(StatusCode.INTERNAL);
        assertThat(picked.status().message()).contains("affinity key", "requestHashHeader");
    }

    @Test
    void ex5TheAffinityKeyOfTheOptionsPlacesACallAndComesBeforeTheHeader() {
        start(RingHash.byHeader("x-user"), HOSTS);
        connectAll();

        for (int i = 0; i < 50; i++) {
            String key = "user-" + i;
            assertThat(hostOf(context.pick(withHeader("other").withAffinityKey(key))))
                    .isEqualTo(hostOf(context.pick(CallOptions.DEFAULT.withAffinityKey(key))))
                    .isEqualTo(hostOf(context.pick(withHeader(key))));
        }
    }

    @Test
    void ex5AnEndpointIsPlacedByItsHashKeyAndKeepsItsCallsAtAnotherAddress() {
        LoadBalancer balancer = RingHash.policy().newBalancer(context);
        List<Endpoint> before = List.of(
                endpoint("10.0.0.1").with(Endpoint.HASH_KEY, "shard-1"),
                endpoint("10.0.0.2").with(Endpoint.HASH_KEY, "shard-2"));
        List<Endpoint> moved = List.of(
                endpoint("10.0.0.8").with(Endpoint.HASH_KEY, "shard-2"),
                endpoint("10.0.0.9").with(Endpoint.HASH_KEY, "shard-1"));
        Map<String, String> successor = Map.of("10.0.0.1", "10.0.0.9", "10.0.0.2", "10.0.0.8");

        context.run(() -> balancer.onEndpoints(before));
        connectAll();
        Map<String, String> hosts = new HashMap<>();
        for (int i = 0; i < 50; i++) {
            hosts.put("user-" + i, hostOf(context.pick(keyed("user-" + i))));
        }
        context.run(() -> balancer.onEndpoints(moved));
        connectAll();

        hosts.forEach((key, host) ->
                assertThat(hostOf(context.pick(keyed(key)))).as(key).isEqualTo(successor.get(host)));
        assertThat(hosts).containsValues("10.0.0.1", "10.0.0.2");
    }

    // ---- With a key ------------------------------------------------------------------------------------------

    @Test
    void rh5AndRh9AnIdleEndpointConnectsWhenACallIsForItAndTheCallWaits() {
        start(RingHash.policy(), HOSTS);
        assertThat(context.live()).as("children are made on demand").isEmpty();

        assertThat(context.pick(keyed("a"))).isSameAs(PickResult.queue());
        assertThat(context.connects()).hasSize(1);
        String host = context.connects().get(0);
        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);

        assertThat(context.pick(keyed("a"))).isSameAs(PickResult.queue());
        assertThat(context.connects()).as("it is connecting already").containsExactly(host);

        context.ready(host);
        assertThat(hostOf(context.pick(keyed("a")))).isEqualTo(host);
        assertThat(context.live()).containsExactly(host);
    }

    @Test
    void rh5AFailedEndpointIsPassedOverForTheNextOnTheRing() {
        start(RingHash.policy(), HOSTS);
        context.pick(keyed("a"));
        String first = context.connects().get(0);
        context.fail(first);
        context.connects().clear();

        PickResult picked = context.pick(keyed("a"));

        assertThat(picked).isSameAs(PickResult.queue());
        String second = context.live().stream()
                .filter(host -> !host.equals(first))
                .findFirst()
                .orElseThrow();
        context.live().stream().filter(host -> !host.equals(first)).forEach(context::ready);
        assertThat(hostOf(context.pick(keyed("a")))).isNotEqualTo(first);
        assertThat(second).isNotEqualTo(first);
    }

    @Test
    void rh5WhenAllHaveFailedACallFailsWithWhatItsOwnEndpointSaid() {
        start(RingHash.policy(), HOSTS);
        connectAll();
        Map<String, String> homes = new HashMap<>();
        for (int i = 0; i < 30; i++) {
            homes.put("user-" + i, hostOf(context.pick(keyed("user-" + i))));
        }
        failAll();

        homes.forEach((key, host) ->
                assertThat(context.pick(keyed(key)).status().message()).isEqualTo(host + " refused"));
    }

    @Test
    void rh5CallsComeHomeWhenTheirEndpointIsBack() {
        start(RingHash.policy(), HOSTS);
        connectAll();
        String home = hostOf(context.pick(keyed("a")));
        context.lose(home);
        assertThat(context.pick(keyed("a"))).isSameAs(PickResult.queue());
        context.fail(home);
        assertThat(hostOf(context.pick(keyed("a")))).isNotEqualTo(home);

        context.backoffOver(home);
        context.ready(home);

        assertThat(hostOf(context.pick(keyed("a")))).isEqualTo(home);
    }

    @Test
    void rh5AnyNumberOfPicksAskForOneConnectionOnce() {
        start(RingHash.policy(), HOSTS);
        Picker picker = context.picker();

        context.run(() -> {
            for (int i = 0; i < 1_000; i++) {
                assertThat(picker.pick(BalancerHarness.info(keyed("a")))).isSameAs(PickResult.queue());
            }
        });

        assertThat(context.connects()).hasSize(1);
    }

    // ---- Without a key ---------------------------------------------------------------------------------------

    @Test
    void rh6AReadyEndpointIsFoundWhereverItIs() {
        start(RingHash.byHeader("x-user"), HOSTS);
        context.pick(withHeader("a"));
        String ready = context.connects().get(0);
        context.ready(ready);

        for (int i = 0; i < 50; i++) {
            assertThat(context.pickedHost()).isEqualTo(ready);
        }
    }

    @Test
    void rh6APickStartsOneConnectionAtMostAndNoneWhileOneIsConnecting() {
        start(RingHash.byHeader("x-user"), HOSTS);

        for (int i = 0; i < 50; i++) {
            assertThat(context.pick()).isSameAs(PickResult.queue());
        }

        assertThat(context.connects()).hasSize(1);
    }

    @Test
    void rh6APickThatPassesAnIdleEndpointConnectsItAndGoesToOneThatIsReady() {
        start(RingHash.byHeader("x-user"), HOSTS);
        context.pick(withHeader("a"));
        context.ready(context.connects().get(0));

        for (int i = 0; i < 200 && context.connects().size() < 2; i++) {
            assertThat(context.pick().subConn()).isNotNull();
        }

        assertThat(context.connects()).hasSize(2);
    }

    @Test
    void rh6WhenAllHaveFailedACallFails() {
        start(RingHash.byHeader("x-user"), HOSTS);
        connectAll();
        failAll();

        PickResult picked = context.pick();

        assertThat(picked.subConn()).isNull();
        assertThat(picked.status().message()).endsWith(" refused");
    }

    // ---- State -----------------------------------------------------------------------------------------------

    @Test
    void rh7IdleUntilACallComes() {
        start(RingHash.policy(), HOSTS);

        assertThat(context.state()).isEqualTo(ConnectivityState.IDLE);
        assertThat(context.connects()).isEmpty();
    }

    @Test
    void rh7OneFailureOfSeveralEndpointsIsConnectingAndTwoAreAFailure() {
        start(RingHash.policy(), "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4");
        context.pick(keyed("a"));
        context.fail(context.connects().get(0));
        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);

        context.fail(context.connects().get(1));
        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);

        context.ready(context.connects().get(2));
        assertThat(context.state()).isEqualTo(ConnectivityState.READY);
    }

    @Test
    void rh7TheFailureOfTheOnlyEndpointIsAFailure() {
        start(RingHash.policy(), "10.0.0.1");
        context.pick(keyed("a"));
        context.fail("10.0.0.1");

        assertThat(context.state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
    }

    @Test
    void rh8AfterAFailureTheNextEndpointIsTriedWithoutACall() {
        start(RingHash.policy(), HOSTS);
        context.pick(keyed("a"));

        context.fail(context.connects().get(0));
        assertThat(context.connects()).hasSize(2).doesNotHaveDuplicates();
        context.fail(context.connects().get(1));
        assertThat(context.connects()).hasSize(3).doesNotHaveDuplicates();
        context.fail(context.connects().get(2));
        assertThat(context.connects()).hasSize(3);
    }

    @Test
    void rh8AChannelThatIsToConnectConnectsOneEndpoint() {
        LoadBalancer balancer = start(RingHash.policy(), HOSTS);

        context.run(balancer::exitIdle);

        assertThat(context.connects()).hasSize(1);
        assertThat(context.state()).isEqualTo(ConnectivityState.CONNECTING);
    }

    // ---- Updates ---------------------------------------------------------------------------------------------

    @Test
    void rh9EndpointsThatStayKeepTheirConnectionsAndThoseThatGoLoseThem() {
        LoadBalancer balancer = start(RingHash.policy(), HOSTS);
        connectAll();

        context.run(() -> balancer.onEndpoints(endpoints("10.0.0.1", "10.0.0.3", "10.0.0.4")));

        assertThat(context.live()).containsExactlyInAnyOrder("10.0.0.1", "10.0.0.3");
    }

    @Test
    void rh1AnotherConfigMakesAnotherRingAndKeepsConnections() {
        LoadBalancer balancer = start(RingHash.policy(), HOSTS);
        connectAll();

        context.run(() -> {
            assertThat(balancer.tryReconfigure(RingHash.byHeader("x-user").withRingSize(3, 3)))
                    .isTrue();
            balancer.onEndpoints(endpoints(HOSTS));
        });

        assertThat(context.live()).containsExactlyInAnyOrder(HOSTS);
        assertThat(context.pickedHost()).isIn((Object[]) HOSTS);
    }

    @Test
    void rh4APickAllocatesNothing() {
        start(RingHash.byHeader("x-user"), HOSTS);
        connectAll();
        Picker picker = context.picker();
        PickInfo byOption = BalancerHarness.info(keyed("a key of some forty characters, all ASCII"));
        PickInfo byHeader = BalancerHarness.info(withHeader("a header of some forty characters, all ASCII"));
        PickInfo anywhere = BalancerHarness.info(CallOptions.DEFAULT);

        long leastBytes = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            leastBytes = Math.min(leastBytes, AllocationProbe.measure(() -> {
                for (int i = 0; i < 1_000; i++) {
                    picker.pick(byOption);
                    picker.pick(byHeader);
                    picker.pick(anywhere);
                }
            }));
        }

        assertThat(leastBytes).isLessThan(1_000);
    }

    private LoadBalancer start(RingHash policy, String... hosts) {
        LoadBalancer balancer = policy.newBalancer(context);
        context.run(() -> balancer.onEndpoints(endpoints(hosts)));
        return balancer;
    }

    private static CallOptions keyed(String key) {
        return CallOptions.DEFAULT.withAffinityKey(key);
    }

    private static CallOptions withHeader(String... values) {
        Metadata.Builder metadata = Metadata.builder();
        for (String value : values) {
            metadata.put(USER, value);
        }
        return CallOptions.DEFAULT.withMetadata(metadata.build());
    }

    /** Calls of many keys, until each endpoint has been asked for. */
    private void connectAll() {
        for (int i = 0; i < 300; i++) {
            context.pick(keyed("connect-" + i));
        }
        for (String host : context.live()) {
            if (context.subConn(host).state() == ConnectivityState.CONNECTING) {
                context.ready(host);
            }
        }
    }

    private void failAll() {
        List<String> hosts = new ArrayList<>(context.live());
        hosts.forEach(context::lose);
        for (int i = 0; i < 300; i++) {
            context.pick(keyed("connect-" + i));
        }
        hosts.stream()
                .filter(host -> context.subConn(host).state() == ConnectivityState.CONNECTING)
                .forEach(context::fail);
        hosts.stream()
                .filter(host -> context.subConn(host).state() == ConnectivityState.CONNECTING)
                .forEach(context::fail);
    }
}
