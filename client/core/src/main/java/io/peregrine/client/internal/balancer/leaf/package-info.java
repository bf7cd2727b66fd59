/** The policies that hold subchannels themselves, or one {@code pick_first} for each endpoint, and choose without state. */
@NullMarked
package io.peregrine.client.internal.balancer.leaf;

import org.jspecify.annotations.NullMarked;
