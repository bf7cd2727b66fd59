/** What the JIT compiler says about the hot path: sizes of its methods, and the calls that it did not inline. */
@NullMarked
package io.peregrine.jmh.inlining;

import org.jspecify.annotations.NullMarked;
