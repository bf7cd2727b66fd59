/** Policies that weigh: by the load that servers report, by how fast they answer, and by how long they have been there. */
@NullMarked
package io.peregrine.client.internal.balancer.weighted;

import org.jspecify.annotations.NullMarked;
