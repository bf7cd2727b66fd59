package io.peregrine.client.internal.balancer.tree;

import static io.peregrine.client.balancer.BalancerHarness.endpoint;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.balancer.policy.Priority;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.testkit.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever servers come, go, refuse and say nothing: calls are soon with the first that is there. */
class PriorityProperties {
    private static final int LEVELS = 5;

    @Test
    void pr1PriorityIsNeverStuck() {
        SplittableRandom random = Seeds.random("priority is never stuck");
        for (int round = 0; round < 30; round++) {
            BalancerHarness context = new BalancerHarness(random.split());
            Server[] servers = new Server[LEVELS];
            start(context, servers);
            for (int change = 0; change < 10; change++) {
                changeServers(context, random, servers);
                // Each level may take its 10 s, and what has failed is tried again each second.
                for (int second = 0; second < 10 * LEVELS + 10; second++) {
                    context.advance(Duration.ofSeconds(1));
                    answer(context, servers);
                }
                assertServed(context, servers);
            }
        }
    }

    /** How a server takes connections. */
    private enum Server {
        THERE,
        REFUSING,
        SILENT
    }

    private static void start(BalancerHarness context, Server[] servers) {
        Priority policy = Priority.first("0", RoundRobin.policy());
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < LEVELS; i++) {
            servers[i] = Server.SILENT;
            policy = i == 0 ? policy : policy.then(String.valueOf(i), RoundRobin.policy());
            endpoints.add(endpoint("10.0.0." + i).with(ChildPath.KEY, ChildPath.of(String.valueOf(i))));
        }
        LoadBalancer balancer = policy.newBalancer(context);
        context.run(() -> balancer.onEndpoints(endpoints));
    }

    private static void changeServers(BalancerHarness context, SplittableRandom random, Server[] servers) {
        for (int i = 0; i < LEVELS; i++) {
            servers[i] = Server.values()[random.nextInt(3)];
            String host = "10.0.0." + i;
            if (servers[i] != Server.THERE
                    && context.live().contains(host)
                    && context.subConn(host).state() == ConnectivityState.READY) {
                context.lose(host);
            }
        }
    }

    private static void answer(BalancerHarness context, Server[] servers) {
        for (String host : context.live()) {
            if (!context.live().contains(host)) {
                continue;
            }
            Server server = servers[host.charAt(host.length() - 1) - '0'];
            ConnectivityState state = context.subConn(host).state();
            if (state == ConnectivityState.TRANSIENT_FAILURE) {
                context.backoffOver(host);
            } else if (state == ConnectivityState.CONNECTING && server == Server.THERE) {
                context.ready(host);
            } else if (state == ConnectivityState.CONNECTING && server == Server.REFUSING) {
                context.fail(host);
            }
        }
    }

    private static void assertServed(BalancerHarness context, Server[] servers) {
        for (int i = 0; i < LEVELS; i++) {
            if (servers[i] == Server.THERE) {
                assertThat(context.state()).isEqualTo(ConnectivityState.READY);
                assertThat(context.pickedHost()).isEqualTo("10.0.0." + i);
                assertThat(context.live()).as("those behind are closed").hasSize(i + 1);
                return;
            }
        }
        assertThat(context.state()).isIn(ConnectivityState.CONNECTING, ConnectivityState.TRANSIENT_FAILURE);
        assertThat(context.live()).as("all are being tried").hasSize(LEVELS);
    }
}
