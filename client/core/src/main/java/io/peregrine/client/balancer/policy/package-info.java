/** The balancing policies that come with the library: what each can be told, and how it is read from a service config. */
@NullMarked
package io.peregrine.client.balancer.policy;

import org.jspecify.annotations.NullMarked;
