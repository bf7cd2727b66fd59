package io.peregrine.client.breaker;

/** Is told when a circuit breaker of a channel moves. */
@FunctionalInterface
public interface CircuitBreakerListener {
    /**
     * A breaker has moved. Called on the thread whose call moved it, mostly an event loop: it must not block. What it
     * throws is logged and changes nothing.
     */
    void onTransition(CircuitBreakerTransition transition);
}
