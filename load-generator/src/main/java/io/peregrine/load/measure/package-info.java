/** What is recorded while calls run: histograms, counts, processor time and allocation. */
@NullMarked
package io.peregrine.load.measure;

import org.jspecify.annotations.NullMarked;
