/** Consistent hashing: the policy {@code ring_hash} (SPEC 2.8.5). */
@NullMarked
package io.peregrine.client.internal.balancer.ring;

import org.jspecify.annotations.NullMarked;
