package io.peregrine.allocation.ownership;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares a field of an {@link EventLoopConfined} class that its owner writes and other threads may read.
 *
 * <p>Readers see a value that was true at some time; it is a hint, never a permission. The field is written in
 * one private method.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface Published {
    /** The memory order of the write and of the read, for example {@code "release/acquire"}. */
    String value();
}
