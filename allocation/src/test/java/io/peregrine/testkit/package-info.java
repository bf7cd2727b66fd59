/** What the tests of every module share: the leak check, reproducible seeds, virtual time and the guides. */
@NullMarked
package io.peregrine.testkit;

import org.jspecify.annotations.NullMarked;
