/** Closed and open loops: which call starts when, and how many may be outstanding. */
@NullMarked
package io.peregrine.load.run;

import org.jspecify.annotations.NullMarked;
