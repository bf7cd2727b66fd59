/** What pickers and the ends of calls write to the weights of endpoints at the same time. */
@NullMarked
package io.peregrine.client.internal.balancer.weighted;

import org.jspecify.annotations.NullMarked;
