/** Reading JSON, and maps that look like it, with errors that name the place, the value and what was expected. */
@NullMarked
package io.peregrine.client.config.json;

import org.jspecify.annotations.NullMarked;
