/** Annotations that declare which thread owns a piece of state; an architecture test enforces them. */
@NullMarked
package io.peregrine.allocation.ownership;

import org.jspecify.annotations.NullMarked;
