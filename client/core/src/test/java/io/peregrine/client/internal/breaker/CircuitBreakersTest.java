package io.peregrine.client.internal.breaker;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.allocation.AllocationProbe;
import io.peregrine.client.StatusCode;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.breaker.CircuitBreakerPolicy.Scope;
import io.peregrine.client.breaker.CircuitBreakerState;
import io.peregrine.client.internal.retry.Racers;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** EX-3: which breaker is whose, and how many there are. */
class CircuitBreakersTest {
    private static final SocketAddress ADDRESS = InetSocketAddress.createUnresolved("host", 443);

    private final CircuitBreakers methods = breakers(Scope.METHOD);
    private final CircuitBreakers backends = breakers(Scope.BACKEND);

    @Test
    void ex3EachMethodHasItsOwnBreaker() {
        CircuitBreaker one = methods.ofMethod("a/B", 0);

        assertThat(one).isNotNull().isSameAs(methods.ofMethod("a/B", 9)).isNotSameAs(methods.ofMethod("a/C", 0));
        assertThat(methods.ofBackend(ADDRESS, 0)).isNull();
    }

    @Test
    void ex3EachBackEndHasItsOwnBreaker() {
        CircuitBreaker one = backends.ofBackend(ADDRESS, 0);

        assertThat(one).isNotNull().isSameAs(backends.ofBackend(InetSocketAddress.createUnresolved("host", 443), 9));
        assertThat(backends.ofBackend(InetSocketAddress.createUnresolved("host", 444), 0))
                .isNotSameAs(one);
        assertThat(backends.ofMethod("a/B", 0)).isNull();
    }

    @Test
    void ex3OperatorsSeeTheStatesByName() {
        open(methods, "a/C");
        methods.ofMethod("a/B", 0);
        backends.ofBackend(ADDRESS, 0);

        assertThat(methods.states())
                .hasToString("{method a/B=CLOSED, method a/C=OPEN}")
                .containsEntry("method a/C", CircuitBreakerState.OPEN);
        assertThat(backends.states())
                .hasSize(1)
                .allSatisfy((name, state) -> assertThat(name).isEqualTo("back end " + ADDRESS));
    }

    @Test
    void ex3PastTheLimitTheClosedOnesAreDropped() {
        CircuitBreaker open = open(methods, "open/Open");
        for (int i = 1; i < CircuitBreakers.MAX_BREAKERS; i++) {
            methods.ofMethod("closed/" + i, 0);
        }
        assertThat(methods.states()).hasSize(CircuitBreakers.MAX_BREAKERS);

        assertThat(methods.ofMethod("one/More", 0)).isNotNull();

        assertThat(methods.states()).containsOnlyKeys("method open/Open", "method one/More");
        assertThat(methods.ofMethod("open/Open", 0)).isSameAs(open);
    }

    @Test
    void ex3IfAllAreOpenWhatIsNewHasNone() {
        for (int i = 0; i < CircuitBreakers.MAX_BREAKERS; i++) {
            open(methods, "open/" + i);
        }

        assertThat(methods.ofMethod("one/More", 0)).isNull();
        assertThat(methods.ofMethod("open/7", 0)).isNotNull();
        assertThat(methods.states()).hasSize(CircuitBreakers.MAX_BREAKERS);
    }

    @Test
    void ex3ACallThroughAClosedBreakerAllocatesNothing() {
        CircuitBreakers counting = new CircuitBreakers(
                CircuitBreakerPolicy.builder(Scope.BACKEND).windowOfCalls(100).build());
        CircuitBreakers timing =
                new CircuitBreakers(CircuitBreakerPolicy.builder(Scope.BACKEND).build());
        long least = Long.MAX_VALUE;
        for (int window = 0; window < 20; window++) {
            long before = AllocationProbe.allocatedBytes();
            for (int i = 0; i < 1_000; i++) {
                succeed(counting);
                succeed(timing);
            }
            least = Math.min(least, AllocationProbe.allocatedBytes() - before);
        }

        assertThat(least).isZero();
    }

    private static void succeed(CircuitBreakers breakers) {
        CircuitBreaker breaker = Objects.requireNonNull(breakers.ofBackend(ADDRESS, 0));
        breaker.onResult(breaker.tryAcquire(0), StatusCode.OK, 0);
    }

    @Test
    void ex3ThreadsThatMeetAtANewMethodGetOneBreaker() throws Exception {
        for (int round = 0; round < 200; round++) {
            String name = "a/" + round;

            List<CircuitBreaker> found = Racers.race(3, () -> methods.ofMethod(name, 0));

            assertThat(found).containsOnly(methods.ofMethod(name, 0));
        }
    }

    private static CircuitBreaker open(CircuitBreakers breakers, String method) {
        CircuitBreaker breaker = Objects.requireNonNull(breakers.ofMethod(method, 0));
        breaker.onResult(breaker.tryAcquire(0), StatusCode.UNAVAILABLE, 0);
        return breaker;
    }

    private static CircuitBreakers breakers(Scope scope) {
        return new CircuitBreakers(
                CircuitBreakerPolicy.builder(scope).windowOfCalls(1).build());
    }
}
