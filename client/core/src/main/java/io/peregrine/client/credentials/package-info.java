/**
 * How a connection proves who it is and checks who the server is, and how a call proves whose it is (SPEC 2.16).
 */
@NullMarked
package io.peregrine.client.credentials;

import org.jspecify.annotations.NullMarked;
