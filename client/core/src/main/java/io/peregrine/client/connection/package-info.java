/** How many connections a channel keeps, how they are used and replaced, and what can be seen of them. */
@NullMarked
package io.peregrine.client.connection;

import org.jspecify.annotations.NullMarked;
