package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Draws two endpoints and picks the cheaper one (SPEC EX-1); of two that cost the same, the first drawn. */
final class PeakEwmaPicker implements Picker {
    private final PeakLatency[] latencies;
    private final PickResult[] results;
    private final double penaltyNs;

    /** Of these, two or more, which are ready. */
    PeakEwmaPicker(List<PeakEwmaEndpoint> ready, double penaltyNs) {
        this.latencies = ready.stream().map(PeakEwmaEndpoint::latency).toArray(PeakLatency[]::new);
        this.results = ready.stream().map(PeakEwmaEndpoint::pickResult).toArray(PickResult[]::new);
        this.penaltyNs = penaltyNs;
    }

    @Override
    public PickResult pick(PickInfo info) {
        // 64 random bits are two numbers of 32, each scaled down to what is to be drawn from.
        long bits = ThreadLocalRandom.current().nextLong();
        int first = scaled(bits >>> 32, results.length);
        int second = scaled(bits & 0xFFFF_FFFFL, results.length - 1);
        second += (first - 1 - second) >>> 31;
        if (info.hasTried()) {
            first = info.untried(results, first);
            second = info.untried(results, second);
        }
        long difference = Double.doubleToRawLongBits(latencies[second].costNs(penaltyNs))
                - Double.doubleToRawLongBits(latencies[first].costNs(penaltyNs));
        int chosen = first ^ ((first ^ second) & (int) (difference >> 63));
        latencies[chosen].onStart();
        return results[chosen];
    }

    private static int scaled(long random32, int bound) {
        return (int) ((random32 * bound) >>> 32);
    }
}
