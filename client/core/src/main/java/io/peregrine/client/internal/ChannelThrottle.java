package io.peregrine.client.internal;

import io.peregrine.client.config.RetryThrottling;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.internal.retry.RetryThrottle;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The retry throttle of a channel (SPEC RT-12): made anew, with all its tokens, when a service config changes what it
 * says of throttling, and only then (SV-13). Any thread; the lock is for a change of config.
 */
final class ChannelThrottle {
    private record Current(ServiceConfig config, @Nullable RetryThrottling throttling, RetryThrottle throttle) {}

    private final ReentrantLock lock = new ReentrantLock();

    private volatile Current current = new Current(ServiceConfig.EMPTY, null, RetryThrottle.none());

    /** The throttle under that config, which is the channel's current one. */
    @SuppressWarnings("ReferenceEquality") // a config that is another object is looked at in full, once
    RetryThrottle of(ServiceConfig config) {
        Current known = current;
        return known.config == config ? known.throttle : change(config);
    }

    private RetryThrottle change(ServiceConfig config) {
        lock.lock();
        try {
            Current known = current;
            RetryThrottling wanted = config.retryThrottling();
            RetryThrottle throttle = Objects.equals(wanted, known.throttling) ? known.throttle : newThrottle(wanted);
            current = new Current(config, wanted, throttle);
            return throttle;
        } finally {
            lock.unlock();
        }
    }

    private static RetryThrottle newThrottle(@Nullable RetryThrottling wanted) {
        return wanted == null
                ? RetryThrottle.none()
                : RetryThrottle.of(wanted.maxMilliTokens(), wanted.milliTokensPerSuccess());
    }
}
