/** The load generator: a runnable jar that drives unary calls and serves the back end they need. */
@NullMarked
package io.peregrine.load;

import org.jspecify.annotations.NullMarked;
