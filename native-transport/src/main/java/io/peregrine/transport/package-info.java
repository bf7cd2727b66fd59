/** io.peregrine.transport. */
@NullMarked
package io.peregrine.transport;

import org.jspecify.annotations.NullMarked;
