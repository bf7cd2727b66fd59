/**
 * The face of Peregrine: a {@link io.peregrine.client.ClientConn} to a target, {@linkplain
 * io.peregrine.client.MethodDescriptor methods} to call on it, and what comes back.
 */
@NullMarked
package io.peregrine.client;

import org.jspecify.annotations.NullMarked;
