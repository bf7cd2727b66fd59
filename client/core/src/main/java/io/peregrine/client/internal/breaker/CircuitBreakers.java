package io.peregrine.client.internal.breaker;

import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.breaker.CircuitBreakerPolicy.Scope;
import io.peregrine.client.breaker.CircuitBreakerState;
import java.net.SocketAddress;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The circuit breakers of a channel: of its methods or of its back ends, as the policy says.
 *
 * <p>There are at most {@value #MAX_BREAKERS}, and one more for each thread that adds one at that moment. Past that,
 * the closed ones are dropped: what they counted is lost, and those in use come back closed. If all are open, a new
 * method or back end has none, and its calls are sent.
 *
 * <p>Safe for use by several threads; finding a breaker takes no lock and allocates nothing.
 */
public final class CircuitBreakers {
    static final int MAX_BREAKERS = 4096;

    private final CircuitBreakerPolicy policy;
    private final ConcurrentHashMap<Object, CircuitBreaker> breakers = new ConcurrentHashMap<>();

    /** Of a channel that has sent nothing yet. */
    public CircuitBreakers(CircuitBreakerPolicy policy) {
        this.policy = policy;
    }

    /** The breaker of a method; null if there is none. {@code fullName} is {@code service/method}. */
    public @Nullable CircuitBreaker ofMethod(String fullName, long nowNs) {
        return policy.scope() == Scope.METHOD ? find(fullName, "method ", nowNs) : null;
    }

    /** The breaker of a back end; null if there is none. */
    public @Nullable CircuitBreaker ofBackend(SocketAddress address, long nowNs) {
        return policy.scope() == Scope.BACKEND ? find(address, "back end ", nowNs) : null;
    }

    /** The state of each breaker by its name, in the order of the names: a copy, for operators. */
    public Map<String, CircuitBreakerState> states() {
        Map<String, CircuitBreakerState> states = new TreeMap<>();
        for (CircuitBreaker breaker : breakers.values()) {
            states.put(breaker.name(), breaker.state());
        }
        return states;
    }

    private @Nullable CircuitBreaker find(Object key, String kind, long nowNs) {
        CircuitBreaker known = breakers.get(key);
        return known != null ? known : add(key, kind, nowNs);
    }

    private @Nullable CircuitBreaker add(Object key, String kind, long nowNs) {
        if (breakers.size() >= MAX_BREAKERS) {
            breakers.values().removeIf(breaker -> breaker.state() == CircuitBreakerState.CLOSED);
            if (breakers.size() >= MAX_BREAKERS) {
                return null;
            }
        }
        return breakers.computeIfAbsent(key, missing -> new CircuitBreaker(kind + key, policy, nowNs));
    }
}
