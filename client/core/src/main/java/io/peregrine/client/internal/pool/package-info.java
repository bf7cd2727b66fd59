/** The connections of one subchannel: opened, chosen among, balanced and replaced (SPEC 2.15). */
@NullMarked
package io.peregrine.client.internal.pool;

import org.jspecify.annotations.NullMarked;
