/** Stress tests of calls, in this package since what they reach for is not public. */
@NullMarked
package io.peregrine.client.internal;

import org.jspecify.annotations.NullMarked;
