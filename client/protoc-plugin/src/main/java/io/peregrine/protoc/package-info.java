/**
 * The protoc plugin: reads the files of a request, and writes for each service a class with the calls of its methods over
 * {@code ClientConn}. Nothing of it is on the class path of a program that runs.
 */
@NullMarked
package io.peregrine.protoc;

import org.jspecify.annotations.NullMarked;
