/**
 * The regression gate: results of JMH beside a baseline, by their ratio to a calibration benchmark of the same run. It
 * reads JMH's own JSON and knows nothing of the benchmarks, so that it serves those of any project.
 */
@NullMarked
package io.peregrine.jmh.gate;

import org.jspecify.annotations.NullMarked;
