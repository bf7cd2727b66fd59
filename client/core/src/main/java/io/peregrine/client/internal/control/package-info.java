/** The channel's control plane: what decides, in one serialised context, where calls go. */
@NullMarked
package io.peregrine.client.internal.control;

import org.jspecify.annotations.NullMarked;
