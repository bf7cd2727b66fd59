package io.peregrine.client.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.internal.retry.RetryThrottle;
import org.junit.jupiter.api.Test;

/** SV-13: what a new config does to the tokens. */
class ChannelThrottleTest {
    private final ChannelThrottle throttle = new ChannelThrottle();

    @Test
    void sv13TokensStayAsLongAsTheSectionIsTheSame() {
        RetryThrottle first =
                throttle.of(ServiceConfig.builder().retryThrottling(10, 0.5).build());
        first.onFailure();

        RetryThrottle second = throttle.of(
                ServiceConfig.builder().retryThrottling(10, 0.5).healthCheck("").build());

        assertThat(second).isSameAs(first);
        assertThat(second.milliTokens()).isEqualTo(9_000);
    }

    @Test
    void sv13TokensBeginAnewWhenTheSectionChanges() {
        throttle.of(ServiceConfig.builder().retryThrottling(10, 0.5).build()).onFailure();

        assertThat(throttle.of(ServiceConfig.builder().retryThrottling(10, 0.6).build())
                        .milliTokens())
                .isEqualTo(10_000);
        assertThat(throttle.of(ServiceConfig.EMPTY)).isSameAs(RetryThrottle.none());
        assertThat(throttle.of(ServiceConfig.builder().retryThrottling(10, 0.5).build())
                        .milliTokens())
                .isEqualTo(10_000);
    }
}
