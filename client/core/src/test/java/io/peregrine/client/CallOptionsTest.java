package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CallOptionsTest {
    @Test
    void wantNothingByDefault() {
        assertThat(CallOptions.DEFAULT.timeoutNs()).isEqualTo(Long.MAX_VALUE);
        assertThat(CallOptions.DEFAULT.waitForReady()).isNull();
        assertThat(CallOptions.DEFAULT.metadata()).isSameAs(Metadata.EMPTY);
        assertThat(CallOptions.DEFAULT.executor()).isNull();
    }

    @Test
    void derivingKeepsEverythingElse() {
        Executor executor = Runnable::run;
        Metadata metadata = Metadata.builder().put(Metadata.Key.of("x"), "1").build();

        CallOptions options = CallOptions.deadlineAfter(Duration.ofMillis(50))
                .withMetadata(metadata)
                .withExecutor(executor)
                .withWaitForReady(true);

        assertThat(options.timeoutNs()).isEqualTo(50_000_000);
        assertThat(options.metadata()).isSameAs(metadata);
        assertThat(options.executor()).isSameAs(executor);
        assertThat(options.waitForReady()).isTrue();
        assertThat(CallOptions.DEFAULT.waitForReady()).isNull();
    }

    /** A time budget that is used up is no fault of the program: the call says so (SPEC DL-1). */
    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE})
    void aTimeoutThatIsNotAheadLeavesNoTime(long nanos) {
        assertThat(CallOptions.deadlineAfter(Duration.ofNanos(nanos)).timeoutNs())
                .isZero();
    }

    @Test
    void aDeadlineBeyondTheClockCountsAsNone() {
        assertThat(CallOptions.deadlineAfter(Duration.ofSeconds(Long.MAX_VALUE)).timeoutNs())
                .isEqualTo(Long.MAX_VALUE);
    }
}
