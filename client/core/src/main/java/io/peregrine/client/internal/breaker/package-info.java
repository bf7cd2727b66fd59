/**
 * The state of circuit breakers, one for each method or back end of a channel. Not an API: it may change in any
 * release.
 */
@NullMarked
package io.peregrine.client.internal.breaker;

import org.jspecify.annotations.NullMarked;
