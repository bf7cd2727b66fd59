/** The outcome of a check: as an exit code, for people and for programs. */
@NullMarked
package io.peregrine.jmh.gate.report;

import org.jspecify.annotations.NullMarked;
