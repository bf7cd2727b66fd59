/** Races of what custom policies are made of, too. */
@NullMarked
package io.peregrine.client.balancer;

import org.jspecify.annotations.NullMarked;
