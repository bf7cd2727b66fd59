package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.resolver.Endpoint;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** PF-1 and the first step of PF-2, over subchannels that never connect. */
class PickFirstConfigTest {
    private static final List<Endpoint> ENDPOINTS =
            List.of(endpoint("10.0.1.1", "10.0.1.2"), endpoint("10.0.2.1", "10.0.2.2"), endpoint("10.0.3.1"));

    /** One whose first shuffle is not the identity. */
    private static final int SEED = 1;

    private final List<SocketAddress> tried = new ArrayList<>();
    private final LoadBalancer.Context context = new TryingContext();

    @Test
    void pf1NothingIsShuffledUnlessTheConfigSaysSo() {
        assertThat(PickFirst.provider().parse(ConfigObject.empty("$"))).isEqualTo(PickFirst.policy());

        PickFirst.policy().newBalancer(context).onEndpoints(ENDPOINTS);

        assertThat(tried).containsExactlyElementsOf(addresses(ENDPOINTS));
    }

    @Test
    void pf2ShufflesTheEndpointsAndKeepsTheOrderInEach() {
        List<Endpoint> expected = new ArrayList<>(ENDPOINTS);
        Collections.shuffle(expected, new Random(SEED));
        assertThat(expected).isNotEqualTo(ENDPOINTS);

        new PickFirst(context, new Random(SEED)).onEndpoints(ENDPOINTS);

        assertThat(tried).containsExactlyElementsOf(addresses(expected));
    }

    @Test
    void pf1TakesAnotherConfigInPlaceButNoOtherPolicy() {
        LoadBalancer balancer = new PickFirst(context, new Random(SEED));

        assertThat(balancer.tryReconfigure(new OtherPolicy())).isFalse();
        assertThat(balancer.tryReconfigure(PickFirst.policy())).isTrue();
        balancer.onEndpoints(ENDPOINTS);

        assertThat(tried).containsExactlyElementsOf(addresses(ENDPOINTS));
    }

    private static Endpoint endpoint(String... hosts) {
        List<SocketAddress> addresses = new ArrayList<>();
        for (String host : hosts) {
            addresses.add(new InetSocketAddress(host, 1));
        }
        return new Endpoint(addresses);
    }

    private static List<SocketAddress> addresses(List<Endpoint> endpoints) {
        return endpoints.stream()
                .flatMap(endpoint -> endpoint.addresses().stream())
                .toList();
    }

    private record OtherPolicy() implements LoadBalancingPolicy {
        @Override
        public String name() {
            return "other";
        }

        @Override
        public LoadBalancer newBalancer(LoadBalancer.Context context) {
            throw new AssertionError("made");
        }
    }

    /** Subchannels are made in the order in which they are to be tried. */
    private final class TryingContext implements LoadBalancer.Context {
        @Override
        public SubConn createSubConn(SocketAddress address, SubConn.Listener listener) {
            tried.add(address);
            return new SubConn() {
                @Override
                public SocketAddress address() {
                    return address;
                }

                @Override
                public void connect() {
                    // It takes for ever.
                }

                @Override
                public void shutdown() {
                    // Nothing is open.
                }
            };
        }

        @Override
        public void updateState(ConnectivityState state, Picker picker) {
            assertThat(state).isEqualTo(ConnectivityState.CONNECTING);
        }

        @Override
        public void resolveNow() {
            throw new AssertionError("nothing has failed");
        }

        @Override
        public LoadBalancer.Timer schedule(Duration delay, Runnable task) {
            return () -> {};
        }
    }
}
