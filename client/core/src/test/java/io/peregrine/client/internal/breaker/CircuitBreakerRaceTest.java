package io.peregrine.client.internal.breaker;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.StatusCode;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.breaker.CircuitBreakerPolicy.Scope;
import io.peregrine.client.breaker.CircuitBreakerState;
import io.peregrine.client.breaker.CircuitBreakerTransition;
import io.peregrine.client.internal.retry.Racers;
import io.peregrine.testkit.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** EX-3 with threads: one breaker through thousands of phases. */
class CircuitBreakerRaceTest {
    private static final int THREADS = 4;
    private static final int CALLS = 100_000;
    private static final int PROBES = 3;

    private final Queue<CircuitBreakerTransition> transitions = new ConcurrentLinkedQueue<>();
    private final AtomicLong clockNs = new AtomicLong();
    private final Map<Long, AtomicInteger> underWayOrEnded = new ConcurrentHashMap<>();
    private final Map<Long, AtomicInteger> mostPermits = new ConcurrentHashMap<>();

    @Test
    void ex3NoPhaseGivesMorePermitsThanItHasAndNoneIsLost() throws Exception {
        SplittableRandom seeds = Seeds.random("circuit breaker, raced");
        CircuitBreaker breaker = new CircuitBreaker(
                "method a/B",
                CircuitBreakerPolicy.builder(Scope.METHOD)
                        .windowOfCalls(20)
                        .minimumCalls(5)
                        .openFor(Duration.ofNanos(50))
                        .probes(PROBES)
                        .listener(transitions::add)
                        .build(),
                0);
        Queue<SplittableRandom> randoms = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < THREADS; i++) {
            randoms.add(seeds.split());
        }

        Racers.race(THREADS, () -> {
            SplittableRandom random = randoms.remove();
            for (int i = 0; i < CALLS; i++) {
                playOneCall(breaker, random);
            }
            return 0;
        });

        List<CircuitBreakerTransition> inOrder = assertOneChain();
        inOrder.stream()
                .filter(each -> each.to() == CircuitBreakerState.HALF_OPEN)
                .map(each -> mostPermits.getOrDefault(each.number(), new AtomicInteger()))
                .forEach(most -> assertThat(most.get()).isLessThanOrEqualTo(PROBES));
        assertAllPermitsComeBack(breaker);
    }

    private void playOneCall(CircuitBreaker breaker, SplittableRandom random) {
        long nowNs = clockNs.addAndGet(random.nextInt(5));
        long permit = breaker.tryAcquire(nowNs);
        if (permit == CircuitBreaker.REFUSED) {
            return;
        }
        AtomicInteger count = underWayOrEnded.computeIfAbsent(permit, number -> new AtomicInteger());
        int out = count.incrementAndGet();
        mostPermits.computeIfAbsent(permit, number -> new AtomicInteger()).accumulateAndGet(out, Math::max);
        switch (random.nextInt(8)) {
            case 0 -> {
                count.decrementAndGet();
                breaker.onNotSent(permit);
            }
            case 1 -> {
                count.decrementAndGet();
                breaker.onResult(permit, StatusCode.CANCELLED, nowNs);
            }
            case 2, 3 -> breaker.onResult(permit, StatusCode.UNAVAILABLE, nowNs);
            default -> breaker.onResult(permit, StatusCode.OK, nowNs);
        }
    }

    private List<CircuitBreakerTransition> assertOneChain() {
        List<CircuitBreakerTransition> inOrder = new ArrayList<>(transitions);
        inOrder.sort(Comparator.comparingLong(CircuitBreakerTransition::number));
        assertThat(inOrder).hasSizeGreaterThan(100);
        CircuitBreakerState state = CircuitBreakerState.CLOSED;
        for (int i = 0; i < inOrder.size(); i++) {
            assertThat(inOrder.get(i).number()).isEqualTo(i + 1);
            assertThat(inOrder.get(i).from()).isEqualTo(state);
            state = inOrder.get(i).to();
        }
        return inOrder;
    }

    private void assertAllPermitsComeBack(CircuitBreaker breaker) {
        long nowNs = clockNs.addAndGet(1_000);
        // Failures lead to open from wherever it is; nothing is under way any more.
        while (breaker.state() != CircuitBreakerState.OPEN) {
            breaker.onResult(breaker.tryAcquire(nowNs), StatusCode.UNAVAILABLE, nowNs);
        }
        nowNs += 1_000;
        for (int round = 0; round < 3; round++) {
            List<Long> permits = new ArrayList<>();
            for (long permit = breaker.tryAcquire(nowNs);
                    permit != CircuitBreaker.REFUSED;
                    permit = breaker.tryAcquire(nowNs)) {
                permits.add(permit);
            }
            assertThat(permits).hasSize(PROBES);
            permits.forEach(breaker::onNotSent);
        }
    }
}
