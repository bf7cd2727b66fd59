/** The transport of a gRPC client: sockets, TLS and HTTP/2, in packages of their own. */
@NullMarked
package io.peregrine.transport;

import org.jspecify.annotations.NullMarked;
