/** The method under load, its descriptor and its encoded request. */
@NullMarked
package io.peregrine.load.method;

import org.jspecify.annotations.NullMarked;
