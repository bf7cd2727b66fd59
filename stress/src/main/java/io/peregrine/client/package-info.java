/** Stress tests of channels, in this package since what they reach for is not public. */
@NullMarked
package io.peregrine.client;

import org.jspecify.annotations.NullMarked;
