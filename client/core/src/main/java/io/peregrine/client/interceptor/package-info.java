/** What stands between an application and its calls. */
@NullMarked
package io.peregrine.client.interceptor;

import org.jspecify.annotations.NullMarked;
