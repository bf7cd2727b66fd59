/** A program that calls a service with the client that was generated for it. */
@NullMarked
package io.peregrine.example;

import org.jspecify.annotations.NullMarked;
