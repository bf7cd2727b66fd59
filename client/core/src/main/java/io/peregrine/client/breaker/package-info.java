/**
 * Circuit breakers: what fails too often is left alone for a while. Off unless
 * {@link io.peregrine.client.ClientConnBuilder#circuitBreaker} sets a policy.
 */
@NullMarked
package io.peregrine.client.breaker;

import org.jspecify.annotations.NullMarked;
