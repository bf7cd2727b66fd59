/** Stress tests of the event loops, in this package since what they reach for is not public. */
@NullMarked
package io.peregrine.transport.io;

import org.jspecify.annotations.NullMarked;
