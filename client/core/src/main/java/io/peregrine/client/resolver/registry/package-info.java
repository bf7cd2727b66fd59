/**
 * What resolvers that watch a registry of services have in common: the last good state, the rhythm of tries, and the
 * reports of what goes wrong.
 */
@NullMarked
package io.peregrine.client.resolver.registry;

import org.jspecify.annotations.NullMarked;
