/**
 * HTTP/2 for a gRPC client (RFC 9113): one connection, its streams, its flow control in both directions.
 *
 * <p>The boundary to the layer above is {@link io.peregrine.transport.http2.ClientTransport}, which starts and
 * cancels streams, and {@link io.peregrine.transport.http2.TransportStream}, which is told what arrives. Everything
 * behind it is confined to the connection's event loop.
 */
@NullMarked
package io.peregrine.transport.http2;

import org.jspecify.annotations.NullMarked;
