/** The tables that the results of the drivers fill: what each row measures, its goals, and the Markdown. */
@NullMarked
package io.peregrine.jmh.table;

import org.jspecify.annotations.NullMarked;
