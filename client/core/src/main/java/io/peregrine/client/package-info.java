/** io.peregrine.client. */
@NullMarked
package io.peregrine.client;

import org.jspecify.annotations.NullMarked;
