/** What the tests of every module share: the leak check and reproducible seeds. */
@NullMarked
package io.peregrine.testkit;

import org.jspecify.annotations.NullMarked;
