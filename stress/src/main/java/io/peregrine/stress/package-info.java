/** What the stress tests of all packages share. */
@NullMarked
package io.peregrine.stress;

import org.jspecify.annotations.NullMarked;
