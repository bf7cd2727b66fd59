/** Races of what the balancing policies share. */
@NullMarked
package io.peregrine.client.internal.balancer;

import org.jspecify.annotations.NullMarked;
