/** What a call that failed can tell of its way. */
@NullMarked
package io.peregrine.client.report;

import org.jspecify.annotations.NullMarked;
