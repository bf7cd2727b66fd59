package io.peregrine.client.internal.balancer.outlier;

import static io.peregrine.client.balancer.BalancerHarness.endpoints;
import static io.peregrine.client.balancer.BalancerHarness.hostOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.balancer.BalancerHarness;
import io.peregrine.client.balancer.FinishedCall;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.policy.EjectionObserver;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.OutlierDetection.FailurePercentage;
import io.peregrine.client.balancer.policy.OutlierDetection.SuccessRate;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.testkit.Seeds;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What holds for outlier_detection whatever servers do. */
class OutlierDetectionProperties {
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    /** OD-6 is tested before each ejection, so one more than the limit may be out, and no two. */
    @Test
    void od6NoMoreAreEverOutThanTheLimitAndOne() {
        SplittableRandom random = Seeds.random("ejections keep to their limit");
        for (int round = 0; round < 20; round++) {
            int count = 1 + random.nextInt(30);
            int percent = random.nextInt(101);
            Out out = new Out();
            BalancerHarness context = new BalancerHarness(random.split());
            start(context, out, count, percent);
            for (int interval = 0; interval < 30; interval++) {
                callsThatFailAtRandom(context, random, 20 * count);
                context.advance(INTERVAL);

                int most = percent == 0 ? 0 : (int) Math.ceil(percent * count / 100.0);
                assertThat(out.hosts).as("of %d, %d %%", count, percent).hasSizeLessThanOrEqualTo(most);
            }
        }
    }

    @Test
    void od3EveryEndpointComesBackWhenServersAreWell() {
        SplittableRandom random = Seeds.random("every ejected endpoint comes back");
        for (int round = 0; round < 20; round++) {
            int count = 3 + random.nextInt(20);
            Out out = new Out();
            BalancerHarness context = new BalancerHarness(random.split());
            start(context, out, count, 50);
            for (int interval = 0; interval < 10; interval++) {
                callsThatFailAtRandom(context, random, 20 * count);
                context.advance(INTERVAL);
            }

            context.advance(Duration.ofMinutes(5).plus(INTERVAL.multipliedBy(2)));

            assertThat(out.hosts).isEmpty();
            Set<String> used = new HashSet<>();
            for (int i = 0; i < count; i++) {
                used.add(hostOf(context.pick()));
            }
            assertThat(used).as("nobody starves").hasSize(count);
        }
    }

    /** Threads that end calls while rounds look at the counts: what they counted is what the rounds saw, all together. */
    @Test
    void od2NoCountIsLostBetweenRounds() throws Exception {
        Host host = new Host(Set.of());
        int threads = 4;
        int each = 200_000;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        CountDownLatch done = new CountDownLatch(threads);
        for (int i = 0; i < threads; i++) {
            executor.execute(() -> {
                for (int call = 0; call < each; call++) {
                    host.record(call % 4 != 0);
                }
                done.countDown();
            });
        }
        long volume = 0;
        long failures = 0;
        boolean last;
        do {
            last = done.await(1, TimeUnit.MILLISECONDS);
            host.turn();
            volume += host.volume();
            failures += host.failures();
        } while (!last);
        executor.shutdown();

        assertThat(volume).isEqualTo((long) threads * each);
        assertThat(failures).isEqualTo((long) threads * each / 4);
    }

    private static void start(BalancerHarness context, Out out, int count, int percent) {
        String[] hosts = IntStream.range(0, count).mapToObj(i -> "10.0.0." + i).toArray(String[]::new);
        LoadBalancer balancer = OutlierDetection.over(RoundRobin.policy())
                .withMaxEjectionPercent(percent)
                .detecting(new SuccessRate(500, 80, 2, 5), new FailurePercentage(40, 80, 1, 5))
                .observedBy(out)
                .newBalancer(context);
        context.run(() -> balancer.onEndpoints(endpoints(hosts)));
        for (String host : hosts) {
            context.ready(host);
        }
    }

    private static void callsThatFailAtRandom(BalancerHarness context, SplittableRandom random, int count) {
        int badBelow = random.nextInt(30);
        for (int i = 0; i < count; i++) {
            PickResult picked = context.pick();
            if (picked.subConn() == null) {
                return;
            }
            String host = hostOf(picked);
            int number = Integer.parseInt(host.substring(host.lastIndexOf('.') + 1));
            boolean fails = random.nextInt(100) < (number < badBelow ? 70 : 5);
            (fails ? FinishedCall.UNAVAILABLE : FinishedCall.OK).tell(picked);
        }
    }

    private static final class Out implements EjectionObserver {
        private final Set<Set<SocketAddress>> hosts = new HashSet<>();

        @Override
        public void onEjected(Set<SocketAddress> addresses, Detection detection) {
            assertThat(hosts.add(addresses)).isTrue();
        }

        @Override
        public void onReturned(Set<SocketAddress> addresses) {
            assertThat(hosts.remove(addresses)).isTrue();
        }
    }
}
