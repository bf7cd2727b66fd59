/**
 * The scheme {@code dns}: host names to addresses, by the system or by name servers (SPEC 2.4, DN-*).
 */
@NullMarked
package io.peregrine.client.resolver.dns;

import org.jspecify.annotations.NullMarked;
