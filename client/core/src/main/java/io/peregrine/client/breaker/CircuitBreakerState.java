package io.peregrine.client.breaker;

/**
 * Where a circuit breaker is. See {@link CircuitBreakerPolicy} for the numbers.
 *
 * <pre>
 *            the failure rate reaches the threshold
 *   CLOSED ──────────────────────────────────────────▶ OPEN ◀──┐
 *      ▲                                                │      │ probes fail
 *      │                        the open duration is    │      │
 *      │                        over, and a call comes  ▼      │
 *      └──────────────────────────────────────────── HALF_OPEN ┘
 *                      probes succeed                 │     ▲
 *                                                     └─────┘
 *                                    no result of its probes for the open duration,
 *                                    and a call comes: new probes
 * </pre>
 */
public enum CircuitBreakerState {
    /** Calls are sent, and their ends counted. */
    CLOSED,
    /** Calls end as UNAVAILABLE without being sent. */
    OPEN,
    /** A few calls are sent to see how they end; the others end as UNAVAILABLE without being sent. */
    HALF_OPEN
}
