/** The channel against servers and networks that misbehave, on real loopback sockets (HOSTILE.md). */
@NullMarked
package io.peregrine.client.hostile;

import org.jspecify.annotations.NullMarked;
