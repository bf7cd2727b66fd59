/** Event loops without a thread of their own: the threads that wait for a call poll its socket themselves. */
@NullMarked
package io.peregrine.transport.io.driven;

import org.jspecify.annotations.NullMarked;
