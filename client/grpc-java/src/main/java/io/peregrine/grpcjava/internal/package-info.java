/** The calls behind {@link io.peregrine.grpcjava.PeregrineChannel}, and what translates between the two APIs; not an API. */
@NullMarked
package io.peregrine.grpcjava.internal;

import org.jspecify.annotations.NullMarked;
