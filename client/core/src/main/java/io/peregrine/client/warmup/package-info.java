/** Calls before the first one that counts: classes loaded, native libraries in, the call path compiled. */
@NullMarked
package io.peregrine.client.warmup;

import org.jspecify.annotations.NullMarked;
