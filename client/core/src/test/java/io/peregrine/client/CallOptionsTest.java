package io.peregrine.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.config.HedgingPolicy;
import io.peregrine.client.config.RetryPolicy;
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

    /** SV-4, as far as it is about a call and its connection. */
    @Test
    void defaultsFillInWhatACallDoesNotSay() {
        CallOptions.AttributeKey<String> own = CallOptions.AttributeKey.of("own", String.class);
        CallOptions.AttributeKey<String> shared = CallOptions.AttributeKey.of("shared", String.class);
        Metadata.Key<String> name = Metadata.Key.of("x");
        CallOptions defaults = CallOptions.deadlineAfter(Duration.ofSeconds(9))
                .withWaitForReady(true)
                .withCompressor("gzip")
                .withMaxInboundMessageBytes(7)
                .withAuthority("other.test")
                .withMetadata(Metadata.builder().put(name, "default").build())
                .withAttribute(own, "default")
                .withAttribute(shared, "default")
                .withRetry(RetryPolicy.immediate());

        CallOptions options = CallOptions.DEFAULT
                .withWaitForReady(false)
                .withMaxInboundMessageBytes(8)
                .withMetadata(Metadata.builder().put(name, "own").build())
                .withAttribute(shared, "own")
                .withDefaults(defaults);

        assertThat(options.timeoutNs()).isEqualTo(Duration.ofSeconds(9).toNanos());
        assertThat(options.waitForReady()).isFalse();
        assertThat(options.compressor()).isEqualTo("gzip");
        assertThat(options.maxInboundMessageBytes()).isEqualTo(8);
        assertThat(options.maxOutboundMessageBytes()).isEqualTo(-1);
        assertThat(options.authority()).isEqualTo("other.test");
        assertThat(options.metadata().all(name)).containsExactly("default", "own");
        assertThat(options.attribute(own)).isEqualTo("default");
        assertThat(options.attribute(shared)).isEqualTo("own");
        assertThat(options.retryPolicy()).isNotNull();
    }

    @Test
    void aDeadlineOfEitherKindReplacesTheDefaultOne() {
        Deadline fixed = Deadline.after(Duration.ofHours(1));

        CallOptions options =
                CallOptions.DEFAULT.withDeadline(fixed).withDefaults(CallOptions.deadlineAfter(Duration.ofMillis(1)));

        assertThat(options.deadline()).isSameAs(fixed);
        assertThat(options.timeoutNs()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void hedgingReplacesADefaultRetryPolicy() {
        CallOptions options = CallOptions.DEFAULT
                .withHedging(HedgingPolicy.after(Duration.ZERO))
                .withDefaults(CallOptions.DEFAULT.withRetry(RetryPolicy.immediate()));

        assertThat(options.retryPolicy()).isNull();
        assertThat(options.hedgingPolicy()).isNotNull();
    }
}
