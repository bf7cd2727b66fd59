/** io.peregrine.allocation. */
@NullMarked
package io.peregrine.allocation;

import org.jspecify.annotations.NullMarked;
