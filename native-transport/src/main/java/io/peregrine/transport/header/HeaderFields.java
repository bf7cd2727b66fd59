package io.peregrine.transport.header;

import io.netty.util.AsciiString;

/**
 * Header fields that a caller adds to one request, after those of its {@link RequestHeaders}.
 *
 * <p>Names are lower-case ASCII and values are what goes on the wire, both validated by whoever built them.
 * Implementations are immutable.
 */
public interface HeaderFields {
    /** The number of fields. */
    int size();

    /** The name of field {@code index}, in {@code 0..size()-1}, as it goes on the wire. */
    AsciiString wireName(int index);

    /** The value of field {@code index}, in {@code 0..size()-1}, as it goes on the wire. */
    AsciiString wireValue(int index);
}
