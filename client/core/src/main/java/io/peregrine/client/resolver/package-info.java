/**
 * Name resolution: from a target's endpoint to addresses, and on as they change (SPEC 2.4).
 */
@NullMarked
package io.peregrine.client.resolver;

import org.jspecify.annotations.NullMarked;
