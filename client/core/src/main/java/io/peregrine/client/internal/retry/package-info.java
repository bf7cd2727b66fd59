/**
 * What a call needs to be sent more than once: the decision, the throttle, the messages that it keeps, and the limits
 * of hedging (gRFC A6; SPEC 2.14). Each part stands alone; the call puts them together. Not an API: it may change in
 * any release.
 */
@NullMarked
package io.peregrine.client.internal.retry;

import org.jspecify.annotations.NullMarked;
