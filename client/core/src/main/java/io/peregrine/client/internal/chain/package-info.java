/**
 * The interceptors of a channel, linked: between any two of them, and before the first, stands a link that holds each
 * to its word. Not an API: it may change in any release.
 */
@NullMarked
package io.peregrine.client.internal.chain;

import org.jspecify.annotations.NullMarked;
