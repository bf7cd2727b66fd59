/** What this process has used of the machine: processor time and memory. */
@NullMarked
package io.peregrine.jmh.process;

import org.jspecify.annotations.NullMarked;
