package io.peregrine.jmh;

import io.peregrine.client.CallOptions;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.balancer.policy.OutlierDetection;
import io.peregrine.client.balancer.policy.Priority;
import io.peregrine.client.balancer.policy.RingHash;
import io.peregrine.client.balancer.policy.RoundRobin;
import io.peregrine.client.balancer.policy.WeightedTarget;
import io.peregrine.client.balancer.policy.ZonePreference;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import io.peregrine.jmh.peer.Payload;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** What a pick costs in ring_hash, and what the policies that have children add to a pick of round_robin. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class TreePickBenchmark {
    private static final int KEYS = 1 << 10;

    /** The policy under test. */
    @Param({"round_robin", "ring_hash", "outlier_detection", "priority", "weighted_target", "zone_preference"})
    private String policy = "round_robin";

    /** How many endpoints are ready. */
    @Param({"1", "10", "1000"})
    private int backEnds = 1;

    private Picker picker = info -> PickResult.queue();

    /** Calls with keys of 16 characters. */
    private final PickInfo[] calls = new PickInfo[KEYS];

    /** Connects every endpoint. */
    @Setup
    public void start() throws UnknownHostException {
        for (int i = 0; i < KEYS; i++) {
            calls[i] = new Call(
                    MethodDescriptor.unary(Payload.METHOD, Marshallers.bytes(), Marshallers.bytes()),
                    CallOptions.DEFAULT.withAffinityKey(String.format("user-%011d", i)));
        }
        ReadyChannel channel = new ReadyChannel();
        LoadBalancer balancer = policy().newBalancer(channel);
        balancer.onEndpoints(endpoints());
        for (int i = 0; i < KEYS; i++) {
            channel.picker().pick(calls[i]);
        }
        picker = channel.picker();
    }

    /** One thread. */
    @Benchmark
    @Threads(1)
    public PickResult oneThread() {
        return pick();
    }

    /** Two threads; the time is each one's. */
    @Benchmark
    @Threads(2)
    public PickResult twoThreads() {
        return pick();
    }

    private PickResult pick() {
        return picker.pick(calls[ThreadLocalRandom.current().nextInt() & (KEYS - 1)]);
    }

    private LoadBalancingPolicy policy() {
        LoadBalancingPolicy child = RoundRobin.policy();
        return switch (policy) {
            case "ring_hash" -> RingHash.policy();
            case "outlier_detection" -> OutlierDetection.over(child);
            case "priority" -> Priority.first("a", child);
            case "weighted_target" -> WeightedTarget.of("a", 3, child).and("b", 1, child);
            case "zone_preference" -> ZonePreference.of(Locality.ofZone("a"), child);
            default -> child;
        };
    }

    private List<Endpoint> endpoints() throws UnknownHostException {
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < backEnds; i++) {
            InetAddress address = InetAddress.getByAddress(new byte[] {10, 0, (byte) (i >> 8), (byte) i});
            boolean second = policy.equals("weighted_target") && i % 4 == 3;
            endpoints.add(Endpoint.of(new InetSocketAddress(address, 443))
                    .with(ChildPath.KEY, ChildPath.of(second ? "b" : "a"))
                    .with(Endpoint.LOCALITY, Locality.ofZone("a")));
        }
        return endpoints;
    }

    private record Call(MethodDescriptor<?, ?> method, CallOptions options) implements PickInfo {}
}
