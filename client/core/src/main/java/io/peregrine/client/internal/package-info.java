/**
 * The channel's machinery behind ClientConn. Not an API: it may change in any release.
 */
@NullMarked
package io.peregrine.client.internal;

import org.jspecify.annotations.NullMarked;
