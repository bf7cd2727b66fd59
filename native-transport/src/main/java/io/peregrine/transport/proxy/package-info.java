/**
 * Proxies in front of a connection (SPEC 2.5): which one a target goes through, from code or from the environment, and
 * the handshake that opens the tunnel, HTTP CONNECT or SOCKS5.
 */
@NullMarked
package io.peregrine.transport.proxy;

import org.jspecify.annotations.NullMarked;
