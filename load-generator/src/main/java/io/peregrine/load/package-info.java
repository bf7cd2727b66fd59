/** io.peregrine.load. */
@NullMarked
package io.peregrine.load;

import org.jspecify.annotations.NullMarked;
