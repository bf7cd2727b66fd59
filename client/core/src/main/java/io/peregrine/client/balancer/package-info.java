/**
 * Load balancing: from addresses to subchannels, and from a call to one of them (SPEC 2.7, 2.8).
 */
@NullMarked
package io.peregrine.client.balancer;

import org.jspecify.annotations.NullMarked;
