package io.peregrine.client.config;

import io.peregrine.client.StatusCode;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads what a method config says of calls (SPEC SV-4..SV-6), whatever methods it is for. */
final class MethodConfigParser {
    private static final int FEWEST_ATTEMPTS = 2;
    private static final String CODE = "the name or the number, 1..16, of a status code of failure";
    private static final Map<String, StatusCode> CODES =
            Stream.of(StatusCode.values()).collect(Collectors.toUnmodifiableMap(StatusCode::name, Function.identity()));

    private MethodConfigParser() {}

    static MethodConfig parse(ConfigObject entry) {
        MethodConfig.Builder config = MethodConfig.builder();
        ConfigValue waitForReady = entry.field("waitForReady");
        if (waitForReady.isPresent()) {
            config.waitForReady(waitForReady.asBoolean());
        }
        ConfigValue timeout = entry.field("timeout");
        if (timeout.isPresent()) {
            config.timeout(timeout.asDuration());
        }
        config.maxRequestMessageBytes(bytes(entry.field("maxRequestMessageBytes")));
        config.maxResponseMessageBytes(bytes(entry.field("maxResponseMessageBytes")));
        ConfigValue retry = entry.field("retryPolicy");
        ConfigValue hedging = entry.field("hedgingPolicy");
        if (retry.isPresent() && hedging.isPresent()) {
            throw hedging.wrong("no hedging policy beside a retry policy");
        }
        if (retry.isPresent()) {
            config.retry(retryPolicy(retry.asObject()));
        }
        if (hedging.isPresent()) {
            config.hedging(hedgingPolicy(hedging.asObject()));
        }
        return config.build();
    }

    private static int bytes(ConfigValue limit) {
        return limit.isPresent() ? limit.asInt(0) : Integer.MAX_VALUE;
    }

    private static RetryPolicy retryPolicy(ConfigObject policy) {
        int maxAttempts = policy.field("maxAttempts").asInt(FEWEST_ATTEMPTS);
        Duration initial = policy.field("initialBackoff").asPositiveDuration();
        Duration max = policy.field("maxBackoff").asPositiveDuration();
        double multiplier = policy.field("backoffMultiplier").asDouble(0, false, Double.MAX_VALUE);
        RetryPolicy parsed = RetryPolicy.exponential(initial, multiplier, max).maxAttempts(maxAttempts);

        ConfigValue attemptTimeout = policy.field("perAttemptRecvTimeout");
        ConfigValue codes = policy.field("retryableStatusCodes");
        Set<StatusCode> retryable = codes.isPresent() ? codes(codes) : EnumSet.noneOf(StatusCode.class);
        if (attemptTimeout.isPresent()) {
            parsed = parsed.perAttemptRecvTimeout(attemptTimeout.asPositiveDuration());
        } else if (retryable.isEmpty()) {
            throw codes.wrong("a list of at least one status code");
        }
        return parsed.on(retryable.toArray(StatusCode[]::new));
    }

    private static HedgingPolicy hedgingPolicy(ConfigObject policy) {
        ConfigValue delay = policy.field("hedgingDelay");
        HedgingPolicy parsed = HedgingPolicy.after(delay.isPresent() ? delay.asDuration() : Duration.ZERO)
                .maxAttempts(policy.field("maxAttempts").asInt(FEWEST_ATTEMPTS));
        ConfigValue codes = policy.field("nonFatalStatusCodes");
        return codes.isPresent() ? parsed.nonFatal(codes(codes).toArray(StatusCode[]::new)) : parsed;
    }

    private static Set<StatusCode> codes(ConfigValue list) {
        Set<StatusCode> codes = EnumSet.noneOf(StatusCode.class);
        for (ConfigValue element : list.asList()) {
            codes.add(code(element));
        }
        return codes;
    }

    /** Names in any case (SV-5). OK is none: a call that succeeded is not tried again. */
    private static StatusCode code(ConfigValue element) {
        StatusCode code = element.isString()
                ? CODES.get(element.asString().toUpperCase(Locale.ROOT))
                : codeOf(element.asInt(1, CODE));
        if (code == null || code == StatusCode.OK) {
            throw element.wrong(CODE);
        }
        return code;
    }

    private static @Nullable StatusCode codeOf(int number) {
        return number < CODES.size() ? StatusCode.ofValue(number) : null;
    }
}
