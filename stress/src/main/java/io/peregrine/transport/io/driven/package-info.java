/** Races for the baton of a caller-driven loop. */
@NullMarked
package io.peregrine.transport.io.driven;

import org.jspecify.annotations.NullMarked;
