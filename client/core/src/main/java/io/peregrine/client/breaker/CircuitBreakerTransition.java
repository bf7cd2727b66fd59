package io.peregrine.client.breaker;

/**
 * That a circuit breaker has moved.
 *
 * @param name whose breaker it is: {@code method helloworld.Greeter/SayHello} or {@code back end /10.0.0.1:443}
 * @param number 1 for the first transition of this breaker, 2 for the second and so on: transitions on different
 *     threads may be reported in another order than they happened
 * @param from the state before
 * @param to the state now; the same as before if a half-open breaker begins anew with other probes
 * @param reason in words, for people
 */
public record CircuitBreakerTransition(
        String name, long number, CircuitBreakerState from, CircuitBreakerState to, String reason) {}
