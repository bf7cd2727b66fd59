/** Tests of the package. */
@NullMarked
package io.peregrine.allocation;

import org.jspecify.annotations.NullMarked;
