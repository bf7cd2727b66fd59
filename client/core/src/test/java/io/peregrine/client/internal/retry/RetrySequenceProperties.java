package io.peregrine.client.internal.retry;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.Metadata;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.RetryPolicy;
import io.peregrine.testkit.Seeds;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The decision of SPEC 2.14 beside a model that is its text, over random calls that share a throttle. */
class RetrySequenceProperties {
    private static final int CALLS = 20_000;
    private static final StatusCode[] CODES = StatusCode.values();

    private final SplittableRandom random = Seeds.random("every retry decision is the one that SPEC 2.14 gives");
    private final int maxMilliTokens = random.nextInt(1, 20) * 1_000;
    private final int ratio = random.nextInt(0, 2_000);
    private final RetryThrottle throttle = RetryThrottle.of(maxMilliTokens, ratio);

    /** The model's own tokens. */
    private int tokens = maxMilliTokens;

    @Test
    void line4To9EveryDecisionIsTheOneOfTheModel() {
        for (int call = 0; call < CALLS; call++) {
            playOneCall();
            if (random.nextInt(3) == 0) {
                throttle.onSuccess();
                tokens = Math.min(tokens + ratio, maxMilliTokens);
            }
        }
    }

    private void playOneCall() {
        Set<StatusCode> retryable = someFailures();
        int policyAttempts = random.nextInt(2, 9);
        int cap = random.nextInt(1, 8);
        RetryPolicy policy = RetryPolicy.exponential(Duration.ofNanos(1_000), 3.0, Duration.ofNanos(20_000))
                .maxAttempts(policyAttempts)
                .on(retryable.toArray(new StatusCode[0]));
        RetrySequence retries = new RetrySequence(policy, cap, throttle, () -> 0.5);
        int previous = 0;
        int exponent = 0;
        while (true) {
            StatusCode code = CODES[random.nextInt(CODES.length)];
            boolean begun = random.nextInt(10) == 0;
            String[] pushback = somePushback();
            long expected =
                    expected(code, begun, pushback, retryable, previous, Math.min(policyAttempts, cap), exponent);

            long delayNs = retries.delayAfter(code, trailers(pushback), begun);

            assertThat(delayNs).isEqualTo(expected);
            assertThat(throttle.milliTokens()).isEqualTo(tokens);
            if (delayNs == RetrySequence.DELIVER) {
                assertThat(retries.refusal() == RetryRefusal.NONE).isEqualTo(code == StatusCode.OK);
                return;
            }
            previous++;
            exponent = pushback.length == 0 ? exponent + 1 : 0;
            assertThat(retries.previousAttempts()).isEqualTo(previous);
        }
    }

    private long expected(
            StatusCode code,
            boolean begun,
            String[] pushback,
            Set<StatusCode> retryable,
            int previous,
            int maxAttempts,
            int exponent) {
        if (code == StatusCode.OK || begun) {
            return -1;
        }
        boolean delayed = pushback.length == 1 && pushback[0].matches("[0-9]+");
        if (pushback.length > 0 && !delayed) {
            tokens = Math.max(tokens - 1_000, 0);
            return -1;
        }
        if (!retryable.contains(code)) {
            return -1;
        }
        tokens = Math.max(tokens - 1_000, 0);
        if (tokens <= maxMilliTokens / 2 || previous + 1 >= maxAttempts) {
            return -1;
        }
        return delayed
                ? Long.parseLong(pushback[0]) * 1_000_000
                : (long) Math.min(1_000 * Math.pow(3.0, exponent), 20_000);
    }

    private Set<StatusCode> someFailures() {
        Set<StatusCode> some = EnumSet.noneOf(StatusCode.class);
        Arrays.stream(CODES)
                .filter(code -> code != StatusCode.OK && random.nextInt(4) != 0)
                .forEach(some::add);
        return some;
    }

    private String[] somePushback() {
        return switch (random.nextInt(12)) {
            case 0 -> new String[] {"-1"};
            case 1 -> new String[] {"x"};
            case 2 -> new String[] {"3", "4"};
            case 3, 4, 5 -> new String[] {Integer.toString(random.nextInt(Integer.MAX_VALUE))};
            default -> new String[0];
        };
    }

    private static Metadata trailers(String[] pushback) {
        return pushback.length == 0 ? Metadata.EMPTY : Trailers.pushback(pushback);
    }
}
