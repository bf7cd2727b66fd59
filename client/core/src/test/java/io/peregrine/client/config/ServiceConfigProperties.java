package io.peregrine.client.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.testkit.Seeds;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whatever is parsed, the result is a config or one sentence. */
class ServiceConfigProperties {
    private static final int ROUNDS = 20_000;
    private static final String VALID = """
            {"loadBalancingPolicy": "round_robin", "loadBalancingConfig": [{"no_such": {}}, {"pick_first":
            {"shuffleAddressList": true}}], "methodConfig": [{"name": [{"service": "a.B", "method": "Say"}, {}],
            "waitForReady": true, "timeout": "1.5s", "maxRequestMessageBytes": 10, "maxResponseMessageBytes": 20,
            "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE", 8], "perAttemptRecvTimeout": "1s"}}, {"name": [{"service": "a.B"}],
            "hedgingPolicy": {"maxAttempts": 2, "hedgingDelay": "0s", "nonFatalStatusCodes": [14]}}],
            "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1}, "healthCheckConfig": {"serviceName": ""},
            "connectionScaling": {"maxConnectionsPerSubchannel": 2}}
            """;
    private static final List<String> SPLICES = List.of(
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\\u",
            "-",
            "e9",
            ".",
            "0",
            "9".repeat(120),
            "null",
            "true",
            "1s",
            "\u0000",
            "\ud800",
            "\u202e",
            "\n",
            "\"name\": 1, ",
            "\"service\"",
            "[".repeat(100));
    private static final List<@Nullable Object> STRANGERS = Arrays.asList(
            null,
            true,
            -1,
            0,
            Long.MIN_VALUE,
            Double.NaN,
            Double.NEGATIVE_INFINITY,
            1e300,
            new BigDecimal("1e-2147483647"),
            new BigDecimal("1e2147483647"),
            "",
            "s",
            "-1s",
            "OK",
            List.of(),
            Map.of(),
            List.of(List.of()),
            Map.of(1, 2),
            new Object());

    @Test
    void sv9AMutatedTextGivesAConfigOrOneSentence() {
        assertThat(ServiceConfig.parse(VALID)).isNotEqualTo(ServiceConfig.EMPTY);
        SplittableRandom random = Seeds.random("a mutated service config gives a config or one sentence");
        int accepted = 0;
        for (int round = 0; round < ROUNDS; round++) {
            StringBuilder text = new StringBuilder(VALID);
            for (int change = random.nextInt(1, 4); change > 0 && !text.isEmpty(); change--) {
                mutate(text, random);
            }
            String mutant = text.toString();
            accepted += givesAConfig(() -> ServiceConfig.parse(mutant), mutant) ? 1 : 0;
        }
        assertThat(accepted).isBetween(1, ROUNDS - 1);
    }

    @Test
    void sv14AMutatedMapGivesAConfigOrOneSentence() {
        SplittableRandom random = Seeds.random("a mutated map gives a config or one sentence");
        Object valid = asMap(
                "methodConfig",
                        List.of(asMap(
                                "name",
                                List.of(asMap("service", "a.B", "method", "Say"), asMap()),
                                "waitForReady",
                                true,
                                "timeout",
                                "1.5s",
                                "maxRequestMessageBytes",
                                10,
                                "retryPolicy",
                                asMap(
                                        "maxAttempts",
                                        3,
                                        "initialBackoff",
                                        "0.1s",
                                        "maxBackoff",
                                        "1s",
                                        "backoffMultiplier",
                                        2,
                                        "retryableStatusCodes",
                                        List.of("UNAVAILABLE", 8)))),
                "loadBalancingConfig", List.of(asMap("pick_first", asMap("shuffleAddressList", true))),
                "retryThrottling", asMap("maxTokens", 10, "tokenRatio", 0.1),
                "connectionScaling", asMap("maxConnectionsPerSubchannel", 2));
        for (int round = 0; round < ROUNDS; round++) {
            Object mutant = mutated(valid, random);
            if (mutant instanceof Map<?, ?> map) {
                @SuppressWarnings("unchecked") // Keys of other types are part of the test.
                Map<String, ?> json = (Map<String, ?>) map;
                boolean unused = givesAConfig(() -> ServiceConfig.parse(json), json);
            }
        }
    }

    private static boolean givesAConfig(Runnable parse, Object input) {
        try {
            parse.run();
            return true;
        } catch (ServiceConfigException wrong) {
            assertThat(wrong.getMessage())
                    .startsWith("$")
                    .contains("(expected: ")
                    .hasSizeLessThan(500)
                    .doesNotContain("\n", "\u0000", "\u202e");
            return false;
        } catch (RuntimeException | StackOverflowError other) {
            throw new AssertionError("input: " + input, other);
        }
    }

    private static void mutate(StringBuilder text, SplittableRandom random) {
        int at = random.nextInt(text.length());
        int length = Math.min(random.nextInt(1, 12), text.length() - at);
        switch (random.nextInt(5)) {
            case 0 -> text.delete(at, at + length);
            case 1 -> text.insert(at, SPLICES.get(random.nextInt(SPLICES.size())));
            case 2 -> text.insert(at, text.substring(at, at + length));
            case 3 -> text.setCharAt(at, (char) random.nextInt(Character.MAX_VALUE));
            default -> text.setLength(Math.max(1, at));
        }
    }

    /** The value, with about one part in ten replaced by something else. */
    private static @Nullable Object mutated(@Nullable Object value, SplittableRandom random) {
        if (random.nextInt(10) == 0) {
            return STRANGERS.get(random.nextInt(STRANGERS.size()));
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
            map.forEach((name, field) -> copy.put(name, mutated(field, random)));
            return copy;
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>();
            list.forEach(element -> copy.add(mutated(element, random)));
            return copy;
        }
        return value;
    }

    private static Map<String, Object> asMap(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int index = 0; index < namesAndValues.length; index += 2) {
            map.put((String) namesAndValues[index], namesAndValues[index + 1]);
        }
        return map;
    }
}
