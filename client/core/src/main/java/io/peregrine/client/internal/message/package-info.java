/**
 * What one call sends and receives apart from its life: header fields, messages, and their encodings.
 */
@NullMarked
package io.peregrine.client.internal.message;

import org.jspecify.annotations.NullMarked;
