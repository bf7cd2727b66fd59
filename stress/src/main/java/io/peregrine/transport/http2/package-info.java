/** Stress tests of the transport, in this package since what they reach for is not public. */
@NullMarked
package io.peregrine.transport.http2;

import org.jspecify.annotations.NullMarked;
