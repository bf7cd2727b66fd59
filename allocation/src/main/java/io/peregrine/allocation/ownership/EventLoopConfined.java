package io.peregrine.allocation.ownership;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares that every instance of the type belongs to one event loop: its methods run on that loop and on no
 * other thread, so its fields are plain.
 *
 * <p>A confined class that knows its loop asserts {@code eventLoop.inEventLoop()} at each entry; one that is a
 * part of a larger confined object relies on the assertion of its owner. What another thread may read is a
 * field annotated {@link Published}; any other {@code volatile} field in a confined class fails the
 * architecture test, which reads class files: at run time, when Netty looks for annotations of its own on a handler,
 * this one is not there and costs nothing.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
public @interface EventLoopConfined {}
