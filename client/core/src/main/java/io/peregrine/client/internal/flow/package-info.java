/** Calls with streams as {@link java.util.concurrent.Flow}. Not an API: it may change in any release. */
@NullMarked
package io.peregrine.client.internal.flow;

import org.jspecify.annotations.NullMarked;
