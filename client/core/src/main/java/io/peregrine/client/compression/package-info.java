/**
 * How messages are compressed: the codecs that a channel knows, and what it takes to write another (SPEC 2.11).
 */
@NullMarked
package io.peregrine.client.compression;

import org.jspecify.annotations.NullMarked;
