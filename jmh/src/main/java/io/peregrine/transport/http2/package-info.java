/** Benchmarks of what the transport's HTTP/2 keeps to itself. */
package io.peregrine.transport.http2;
