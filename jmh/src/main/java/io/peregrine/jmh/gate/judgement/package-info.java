/** What was observed in repeated runs, what a baseline expects of it, and what became of it. */
@NullMarked
package io.peregrine.jmh.gate.judgement;

import org.jspecify.annotations.NullMarked;
