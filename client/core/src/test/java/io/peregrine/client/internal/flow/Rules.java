package io.peregrine.client.internal.flow;

import java.lang.annotation.Annotation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.opentest4j.TestAbortedException;
import org.testng.SkipException;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeClass;
import org.testng.annotations.BeforeMethod;
import org.testng.annotations.Test;

/** The rules of the Reactive Streams TCK, which is written for TestNG, as tests of JUnit; those it skips are aborted. */
public final class Rules {
    private Rules() {}

    /** A test for each rule, on a verification of its own. */
    public static Stream<DynamicTest> of(Supplier<?> verification) {
        Object sample = verification.get();
        return Arrays.stream(sample.getClass().getMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                // These only say that there is nothing to check.
                .filter(method -> !method.getName().startsWith("untested_"))
                .sorted(Comparator.comparing(Method::getName))
                .map(rule -> DynamicTest.dynamicTest(rule.getName(), () -> check(rule, verification.get())));
    }

    private static void check(Method rule, Object verification) throws Throwable {
        try {
            invokeAll(BeforeClass.class, verification);
            invokeAll(BeforeMethod.class, verification);
            rule.invoke(verification);
        } catch (InvocationTargetException thrown) {
            Throwable cause = thrown.getCause();
            throw cause instanceof SkipException ? new TestAbortedException(cause.getMessage()) : cause;
        } finally {
            invokeAll(AfterClass.class, verification);
        }
    }

    private static void invokeAll(Class<? extends Annotation> annotation, Object verification) throws Exception {
        for (Method method : verification.getClass().getMethods()) {
            if (method.isAnnotationPresent(annotation)) {
                method.invoke(verification);
            }
        }
    }
}
