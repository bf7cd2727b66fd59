/** Which service config a channel goes by. */
@NullMarked
package io.peregrine.client.internal.config;

import org.jspecify.annotations.NullMarked;
