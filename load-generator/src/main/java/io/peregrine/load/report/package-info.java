/** The summary, the JSON document and the progress line. */
@NullMarked
package io.peregrine.load.report;

import org.jspecify.annotations.NullMarked;
