package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CallOptionsTest {
    @Test
    void wantNothingByDefault() {
        assertThat(CallOptions.DEFAULT.timeoutNs()).isEqualTo(Long.MAX_VALUE);
        assertThat(CallOptions.DEFAULT.waitForReady()).isFalse();
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
        assertThat(CallOptions.DEFAULT.waitForReady()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1})
    void refuseADeadlineThatIsNotAhead(long nanos) {
        Duration timeout = Duration.ofNanos(nanos);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> CallOptions.deadlineAfter(timeout))
                .withMessage("deadline after: " + timeout + " (expected: a positive duration)");
    }

    @Test
    void aDeadlineBeyondTheClockCountsAsNone() {
        assertThat(CallOptions.deadlineAfter(Duration.ofSeconds(Long.MAX_VALUE)).timeoutNs())
                .isEqualTo(Long.MAX_VALUE);
    }
}
