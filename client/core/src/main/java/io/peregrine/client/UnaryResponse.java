package io.peregrine.client;

/**
 * A response with the metadata around it.
 *
 * @param message the response
 * @param headers what the server sent before it, empty if nothing
 * @param trailers what the server sent after it, empty if nothing
 */
public record UnaryResponse<R>(R message, Metadata headers, Metadata trailers) {}
