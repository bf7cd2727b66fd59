package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class NativeLibraryFailureTest {
    @Test
    void givesTheFirstLineOfTheDeepestCause() {
        Throwable failure = new ExceptionInInitializerError(new UnsatisfiedLinkError("no such symbol\nat a long list"));

        assertThat(NativeLibraryFailure.describe(failure)).isEqualTo("no such symbol");
    }

    @Test
    void givesTheTypeWhenThereIsNoMessage() {
        assertThat(NativeLibraryFailure.describe(new UnsatisfiedLinkError()))
                .isEqualTo("java.lang.UnsatisfiedLinkError");
    }

    @Test
    void findsTheDenialAmongSuppressedFailuresAndNamesTheRemedy() {
        Throwable failure = new UnsatisfiedLinkError("failed to load");
        failure.addSuppressed(new RuntimeException(new IllegalCallerException("Illegal native access")));

        assertThat(NativeLibraryFailure.describe(failure)).contains("--enable-native-access=ALL-UNNAMED");
    }

    @Test
    void endsOnACircleOfCauses() {
        Exception inner = new Exception("inner");
        Exception outer = new Exception("outer", inner);
        inner.initCause(outer);

        assertThat(NativeLibraryFailure.describe(outer)).isIn("inner", "outer");
    }
}
