/** Results of JMH as its JSON has them, read and turned into costs. */
@NullMarked
package io.peregrine.jmh.gate.results;

import org.jspecify.annotations.NullMarked;
