/** Ten back ends that come, go, freeze and slow down, and a client that calls them all the while. */
@NullMarked
package io.peregrine.client.fleet;

import org.jspecify.annotations.NullMarked;
