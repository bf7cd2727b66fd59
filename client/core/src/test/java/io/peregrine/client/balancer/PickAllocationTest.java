package io.peregrine.client.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.LeastAllocation;
import io.peregrine.client.CallOptions;
import io.peregrine.client.Metadata;
import io.peregrine.client.Status;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.PeakEwma;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.balancer.policy.RandomSubsetting;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.SlowStart;
import io.peregrine.client.balancer.policy.WeightedRoundRobin;
import io.peregrine.client.internal.control.PickTracking;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** PK-1: a pick costs no memory, and neither does the word of its end (PK-9). */
class PickAllocationTest {
    private static final int PICKS = 5_000;

    private long elapsedNs;

    static Stream<LoadBalancingPolicy> policies() {
        return Stream.of(
                PickFirst.policy(),
                RoundRobin.policy(),
                LeastRequest.policy(),
                LeastRequest.policy().withSlowStart(SlowStart.linear(Duration.ofSeconds(10))),
                PeakEwma.policy(),
                WeightedRoundRobin.builder().build(),
                OutlierDetection.over(LeastRequest.policy()),
                new RandomSubsetting(5, RoundRobin.policy()));
    }

    @ParameterizedTest
    @MethodSource("policies")
    void pk1AndPk9APickAndItsEndAllocateNothing(LoadBalancingPolicy policy) {
        Picker picker = pickerOf(policy);
        PickInfo info = BalancerHarness.info(CallOptions.DEFAULT);
        PickTracking tracking = new PickTracking(System::nanoTime);

        long bytes = LeastAllocation.of(() -> elapsedNs += pick(picker, info, tracking));

        assertThat(elapsedNs).isNotNegative();
        // The measurement itself may take a little; one byte per pick would be five times this.
        assertThat(bytes).isLessThan(1_000);
    }

    private static long pick(Picker picker, PickInfo info, PickTracking tracking) {
        long elapsed = 0;
        for (int i = 0; i < PICKS; i++) {
            DoneListener listener = picker.pick(info).doneListener();
            if (listener != null) {
                tracking.begin(listener, System.nanoTime(), Long.MAX_VALUE);
                tracking.sent(true);
                tracking.end(Status.OK, Metadata.EMPTY, true);
                elapsed += tracking.elapsedNs();
            }
        }
        return elapsed;
    }

    private static Picker pickerOf(LoadBalancingPolicy policy) {
        BalancerHarness context = new BalancerHarness();
        LoadBalancer balancer = policy.newBalancer(context);
        List<String> hosts =
                IntStream.rangeClosed(1, 10).mapToObj(i -> "10.0.0." + i).toList();
        context.run(() -> balancer.onEndpoints(BalancerHarness.endpoints(hosts.toArray(String[]::new))));
        List.copyOf(context.live()).forEach(context::ready);
        return context.picker();
    }
}
