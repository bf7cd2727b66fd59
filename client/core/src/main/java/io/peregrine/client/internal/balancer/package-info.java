/** What several of the balancing policies need. */
@NullMarked
package io.peregrine.client.internal.balancer;

import org.jspecify.annotations.NullMarked;
