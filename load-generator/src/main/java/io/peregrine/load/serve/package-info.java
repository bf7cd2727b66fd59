/** The echo back end: a lean HTTP/2 server that answers any unary method. */
@NullMarked
package io.peregrine.load.serve;

import org.jspecify.annotations.NullMarked;
