/** The command line: options, their checks, and the exit codes. */
@NullMarked
package io.peregrine.load.cli;

import org.jspecify.annotations.NullMarked;
