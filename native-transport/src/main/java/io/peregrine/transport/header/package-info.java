/**
 * The header blocks of gRPC requests and responses (RFC 7541, RFC 9113 §8): encoded once for each method, decoded into
 * one flat array.
 */
@NullMarked
package io.peregrine.transport.header;

import org.jspecify.annotations.NullMarked;
