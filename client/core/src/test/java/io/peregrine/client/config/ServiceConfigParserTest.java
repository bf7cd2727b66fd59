package io.peregrine.client.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.policy.PickFirst;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ServiceConfigException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SPEC 2.10: the schema, and one sentence for each thing that can be wrong with it. */
class ServiceConfigParserTest {
    private static final MethodDescriptor<byte[], byte[]> SAY = descriptor("a.B/Say");

    // ---- SV-1 ------------------------------------------------------------------------------------------------

    @Test
    void sv1UnknownFieldsAreIgnoredEverywhere() {
        ServiceConfig config = ServiceConfig.parse("""
                {
                  "new": {"deep": [1, {"x": null}]},
                  "loadBalancingConfig": [{"pick_first": {"new": 1}}],
                  "methodConfig": [{
                    "name": [{"service": "a.B", "new": true}],
                    "new": "x",
                    "retryPolicy": {
                      "maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1,
                      "retryableStatusCodes": [14], "new": 0
                    }
                  }],
                  "retryThrottling": {"maxTokens": 1, "tokenRatio": 1, "new": []},
                  "healthCheckConfig": {"new": 1},
                  "connectionScaling": {"new": 1}
                }
                """);

        assertThat(config.methodConfig(SAY).retryPolicy()).isNotNull();
        assertThat(config.healthCheckService()).isNull();
        assertThat(config.maxConnectionsPerSubchannel()).isEqualTo(1);
    }

    @Test
    void sv1NullIsTheSameAsAbsent() {
        assertThat(ServiceConfig.parse("""
                        {"loadBalancingConfig": null, "loadBalancingPolicy": null, "methodConfig": null,
                         "retryThrottling": null, "healthCheckConfig": null, "connectionScaling": null}
                        """)).isEqualTo(ServiceConfig.EMPTY);
    }

    // ---- SV-2 ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "0s, 0",
        "-0s, 0",
        "1s, 1000000000",
        "1.s, 1000000000",
        ".5s, 500000000",
        "0.000000001s, 1",
        "007.10s, 7100000000",
        "9223372036.854775807s, 9223372036854775807",
        "9223372036.854775808s, 9223372036854775807",
        "315576000000s, 9223372036854775807",
        "315576000000.000000000s, 9223372036854775807"
    })
    void sv2ADurationIsDecimalSeconds(String text, long expectedNs) {
        MethodConfig config = parseMethod("\"timeout\": \"" + text + '"').methodConfig(SAY);

        assertThat(config.timeoutNs()).isEqualTo(expectedNs);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "s",
                ".s",
                "-s",
                "-.s",
                "1",
                "1S",
                "1 s",
                " 1s",
                "1s ",
                "+1s",
                "--1s",
                "1,5s",
                "1.5.0s",
                "1e3s",
                "0x1s",
                "1.0000000000s",
                "1ms",
                "1m",
                "315576000000.000000001s",
                "315576000001s",
                "9999999999999999999s",
                "99999999999999999999999999999999s",
                "\u0661s",
                "NaNs",
                "-1s",
                "-0.000000001s"
            })
    void sv2RefusesWhatIsNoDuration(String text) {
        assertWrong(method("\"timeout\": \"" + text + '"'))
                .withMessageMatching("\\$\\.methodConfig\\[0\\]\\.timeout: \".*\" \\(expected: a duration .*\\)");
    }

    // ---- SV-3 ------------------------------------------------------------------------------------------------

    @Test
    void sv3FindsTheMethodThenTheServiceThenTheDefault() {
        ServiceConfig config = ServiceConfig.parse("""
                {"methodConfig": [
                  {"name": [{}], "timeout": "1s"},
                  {"name": [{"service": "a.B"}], "timeout": "2s"},
                  {"name": [{"service": "a.B", "method": "Say"}, {"service": "c.D", "method": "Do"}], "timeout": "3s"}
                ]}
                """);

        assertThat(config.methodConfig(SAY).timeoutNs()).isEqualTo(3_000_000_000L);
        assertThat(config.methodConfig(descriptor("c.D/Do")).timeoutNs()).isEqualTo(3_000_000_000L);
        assertThat(config.methodConfig(descriptor("a.B/Other")).timeoutNs()).isEqualTo(2_000_000_000L);
        assertThat(config.methodConfig(descriptor("c.D/Other")).timeoutNs()).isEqualTo(1_000_000_000L);
        assertThat(config.methodConfig(descriptor("a.BB/Say")).timeoutNs()).isEqualTo(1_000_000_000L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"{}", "{\"service\": \"\"}", "{\"service\": \"\", \"method\": \"\"}", "{\"method\": null}"})
    void sv3ANameWithoutServiceAndMethodIsForAll(String name) {
        ServiceConfig config =
                ServiceConfig.parse("{\"methodConfig\": [{\"name\": [" + name + "], \"waitForReady\": true}]}");

        assertThat(config.methodConfig(SAY).waitForReady()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\"name\": [],", "\"name\": null,"})
    void sv3AnEntryWithoutANameIsNotEvenLookedAt(String name) {
        assertThat(ServiceConfig.parse("{\"methodConfig\": [{" + name + "\"timeout\": \"never\"}]}"))
                .isEqualTo(ServiceConfig.EMPTY);
    }

    // ---- SV-4 ------------------------------------------------------------------------------------------------

    @Test
    void sv4ReadsWhatHoldsForCalls() {
        MethodConfig config = parseMethod("""
                        "waitForReady": false, "timeout": "0.05s",
                        "maxRequestMessageBytes": 1024, "maxResponseMessageBytes": 0
                        """).methodConfig(SAY);

        assertThat(config.waitForReady()).isFalse();
        assertThat(config.timeoutNs()).isEqualTo(50_000_000);
        assertThat(config.maxRequestMessageBytes()).isEqualTo(1024);
        assertThat(config.maxResponseMessageBytes()).isZero();
        assertThat(config.retryPolicy()).isNull();
        assertThat(config.hedgingPolicy()).isNull();
    }

    @ParameterizedTest
    @CsvSource({"2147483647", "2147483648", "99999999999999999999", "1e300"})
    void sv4SizesBeyondAnIntAreTheGreatestInt(String size) {
        MethodConfig config = parseMethod("\"maxRequestMessageBytes\": " + size).methodConfig(SAY);

        assertThat(config.maxRequestMessageBytes()).isEqualTo(Integer.MAX_VALUE);
    }

    // ---- SV-5, SV-6 ------------------------------------------------------------------------------------------

    @Test
    void sv5ReadsARetryPolicy() {
        RetryPolicy policy = parseMethod("""
                        "retryPolicy": {
                          "maxAttempts": 7, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 1.5,
                          "retryableStatusCodes": ["unavailable", "Aborted", "RESOURCE_EXHAUSTED", 4, 2.0]
                        }
                        """).methodConfig(SAY).retryPolicy();

        assertThat(policy)
                .isEqualTo(RetryPolicy.exponential(Duration.ofMillis(100), 1.5, Duration.ofSeconds(1))
                        .maxAttempts(7)
                        .on(
                                StatusCode.UNAVAILABLE,
                                StatusCode.ABORTED,
                                StatusCode.RESOURCE_EXHAUSTED,
                                StatusCode.DEADLINE_EXCEEDED,
                                StatusCode.UNKNOWN));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ", \"retryableStatusCodes\": []"})
    void sv5CodesMayBeNoneWithATimeoutForEachAttempt(String codes) {
        RetryPolicy policy = parseMethod("""
                        "retryPolicy": {
                          "maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1,
                          "perAttemptRecvTimeout": "0.2s"%s}
                        """.formatted(codes)).methodConfig(SAY).retryPolicy();

        assertThat(Objects.requireNonNull(policy).perAttemptRecvTimeoutNs()).isEqualTo(200_000_000);
        assertThat(policy.isRetryable(StatusCode.UNAVAILABLE)).isFalse();
    }

    @Test
    void sv6ReadsAHedgingPolicy() {
        HedgingPolicy policy = parseMethod("""
                        "hedgingPolicy": {"maxAttempts": 3, "hedgingDelay": "0.01s", "nonFatalStatusCodes": ["internal"]}
                        """).methodConfig(SAY).hedgingPolicy();

        assertThat(policy)
                .isEqualTo(HedgingPolicy.after(Duration.ofMillis(10))
                        .maxAttempts(3)
                        .nonFatal(StatusCode.INTERNAL));
        assertThat(parseMethod("\"hedgingPolicy\": {\"maxAttempts\": 2}")
                        .methodConfig(SAY)
                        .hedgingPolicy())
                .isEqualTo(HedgingPolicy.after(Duration.ZERO));
    }

    // ---- SV-7 ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "10, 0.1, 10000, 100",
        "1000, 1e9, 1000000, 1000000",
        "0.29, 0.5789, 290, 578",
        "\"2\", \"1\", 2000, 1000"
    })
    void sv7ThrottlingCountsInThousandths(String maxTokens, String tokenRatio, int maxMilli, int ratioMilli) {
        ServiceConfig config = ServiceConfig.parse(
                "{\"retryThrottling\": {\"maxTokens\": " + maxTokens + ", \"tokenRatio\": " + tokenRatio + "}}");

        assertThat(config.retryThrottling()).isEqualTo(new RetryThrottling(maxMilli, ratioMilli));
    }

    // ---- SV-8 ------------------------------------------------------------------------------------------------

    @Test
    void sv8TheFirstPolicyThatIsRegisteredWins() {
        assertThat(ServiceConfig.parse("""
                                {"loadBalancingPolicy": "no_such",
                                 "loadBalancingConfig": [{"no_such": {}}, {"pick_first": {"shuffleAddressList": true}},
                                                         {"pick_first": {"shuffleAddressList": 1}}]}
                                """).loadBalancing())
                .isEqualTo(PickFirst.shuffled())
                .isNotEqualTo(PickFirst.policy());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}",
                "{\"loadBalancingConfig\": []}",
                "{\"loadBalancingPolicy\": \"pick_first\"}",
                "{\"loadBalancingPolicy\": \"PICK_FIRST\"}",
                "{\"loadBalancingPolicy\": \"no_such\"}",
                "{\"loadBalancingPolicy\": \"\"}"
            })
    void sv8WithoutAListItIsTheDeprecatedNameOrPickFirst(String json) {
        assertThat(ServiceConfig.parse(json).loadBalancing()).isEqualTo(PickFirst.policy());
    }

    @Test
    void sv8APolicyThatRefusesItsConfigMakesTheWholeInvalid() {
        IllegalStateException fault = new IllegalStateException("no");
        LoadBalancerRegistry policies = LoadBalancerRegistry.standard().with(new LoadBalancerProvider() {
            @Override
            public String name() {
                return "picky";
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                throw fault;
            }
        });

        assertThatExceptionOfType(ServiceConfigException.class)
                .isThrownBy(() -> ServiceConfig.parse("{\"loadBalancingConfig\": [{\"picky\": {}}]}", policies))
                .withMessage("$.loadBalancingConfig[0].picky: refused by the policy picky:"
                        + " java.lang.IllegalStateException: no")
                .withCause(fault);
    }

    // ---- SV-14 -----------------------------------------------------------------------------------------------

    @Test
    void sv14AnyKindOfNumberWillDo() {
        List<Object> twos = List.of(
                2,
                2L,
                2.0,
                2.0f,
                (short) 2,
                (byte) 2,
                BigInteger.TWO,
                new BigDecimal("2.000"),
                new AtomicInteger(2),
                "2");
        for (Object two : twos) {
            Map<String, Object> json = Map.of(
                    "methodConfig",
                    List.of(Map.of(
                            "name", List.of(Map.of("service", "a.B")), "hedgingPolicy", Map.of("maxAttempts", two))),
                    "retryThrottling",
                    Map.of("maxTokens", two, "tokenRatio", two));

            ServiceConfig config = ServiceConfig.parse(json);

            assertThat(config.methodConfig(SAY).hedgingPolicy())
                    .as(two.getClass().getName())
                    .isEqualTo(HedgingPolicy.after(Duration.ZERO).maxAttempts(2));
            assertThat(config.retryThrottling()).isEqualTo(new RetryThrottling(2000, 2000));
        }
    }

    @Test
    void sv14AFloatMeansWhatItPrints() {
        assertThat(ServiceConfig.parse(Map.of("retryThrottling", Map.of("maxTokens", 10, "tokenRatio", 0.3f)))
                        .retryThrottling())
                .isEqualTo(RetryThrottling.of(10, 0.3));
    }

    @Test
    void sv14RefusesWhatNoJsonWouldSay() {
        assertWrong(Map.of("retryThrottling", Map.of("maxTokens", Double.NaN, "tokenRatio", 1)))
                .withMessage(
                        "$.retryThrottling.maxTokens: NaN (expected: a number of at least 0.001 and at most 1000)");
        assertWrong(Map.of("connectionScaling", Map.of("maxConnectionsPerSubchannel", Double.POSITIVE_INFINITY)))
                .withMessageStartingWith("$.connectionScaling.maxConnectionsPerSubchannel: Infinity ");
        assertWrong(Map.of("healthCheckConfig", new TreeMap<>(Map.of(1, "x"))))
                .withMessage("$.healthCheckConfig: an object with a name that is no string (expected: strings)");
        assertWrong(Map.of("healthCheckConfig", Map.of("serviceName", Duration.ZERO)))
                .withMessage("$.healthCheckConfig.serviceName: a java.time.Duration (expected: a string)");
        assertWrong(Map.of("healthCheckConfig", Collections.singletonMap(null, "x")))
                .withMessageStartingWith("$.healthCheckConfig: ");
    }

    @Test
    void sv14AMapThatContainsItselfIsNoTrap() {
        Map<String, Object> json = new HashMap<>();
        json.put("retryThrottling", List.of(json));
        json.put("unknown", json);

        assertWrong(json).withMessage("$.retryThrottling: a list (expected: an object)");
    }

    @Test
    void sv14TheThreeFormsGiveTheSameConfig() {
        ServiceConfig typed = ServiceConfig.builder()
                .loadBalancing(PickFirst.shuffled())
                .method(
                        "a.B/Say",
                        m -> m.timeout(Duration.ofMillis(50))
                                .retry(RetryPolicy.exponential(Duration.ofMillis(5), 2.0, Duration.ofMillis(20))
                                        .maxAttempts(3)
                                        .on(StatusCode.UNAVAILABLE)))
                .service("a.B", m -> m.waitForReady(true).maxRequestMessageBytes(10))
                .defaults(m -> m.hedging(HedgingPolicy.after(Duration.ofMillis(1))))
                .retryThrottling(10, 0.1)
                .healthCheck("a.B")
                .maxConnectionsPerSubchannel(3)
                .build();

        ServiceConfig text = ServiceConfig.parse("""
                {
                  "loadBalancingConfig": [{"pick_first": {"shuffleAddressList": true}}],
                  "methodConfig": [
                    {"name": [{"service": "a.B", "method": "Say"}], "timeout": "0.05s", "retryPolicy": {
                      "maxAttempts": 3, "initialBackoff": "0.005s", "maxBackoff": "0.02s", "backoffMultiplier": 2,
                      "retryableStatusCodes": ["UNAVAILABLE"]}},
                    {"name": [{"service": "a.B"}], "waitForReady": true, "maxRequestMessageBytes": 10},
                    {"name": [{}], "hedgingPolicy": {"maxAttempts": 2, "hedgingDelay": "0.001s"}}
                  ],
                  "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
                  "healthCheckConfig": {"serviceName": "a.B"},
                  "connectionScaling": {"maxConnectionsPerSubchannel": 3}
                }
                """);
        ServiceConfig map = ServiceConfig.parse(Map.of(
                "loadBalancingConfig", List.of(Map.of("pick_first", Map.of("shuffleAddressList", true))),
                "methodConfig",
                        List.of(
                                Map.of(
                                        "name", List.of(Map.of("service", "a.B", "method", "Say")),
                                        "timeout", "0.05s",
                                        "retryPolicy",
                                                Map.of(
                                                        "maxAttempts",
                                                        3L,
                                                        "initialBackoff",
                                                        "0.005s",
                                                        "maxBackoff",
                                                        "0.02s",
                                                        "backoffMultiplier",
                                                        2.0f,
                                                        "retryableStatusCodes",
                                                        List.of(14))),
                                Map.of(
                                        "name",
                                        List.of(Map.of("service", "a.B")),
                                        "waitForReady",
                                        true,
                                        "maxRequestMessageBytes",
                                        10.0),
                                Map.of(
                                        "name", List.of(Map.of()),
                                        "hedgingPolicy", Map.of("maxAttempts", 2, "hedgingDelay", "0.001s"))),
                "retryThrottling", Map.of("maxTokens", 10, "tokenRatio", 0.1),
                "healthCheckConfig", Map.of("serviceName", "a.B"),
                "connectionScaling", Map.of("maxConnectionsPerSubchannel", 3)));

        assertThat(text).isEqualTo(typed).hasSameHashCodeAs(typed).hasToString(typed.toString());
        assertThat(map).isEqualTo(typed).hasSameHashCodeAs(typed);
    }

    private static MethodDescriptor<byte[], byte[]> descriptor(String fullName) {
        return MethodDescriptor.unary(fullName, Marshallers.bytes(), Marshallers.bytes());
    }

    private static String method(String fields) {
        return "{\"methodConfig\": [{\"name\": [{\"service\": \"a.B\"}], " + fields + "}]}";
    }

    private static ServiceConfig parseMethod(String fields) {
        return ServiceConfig.parse(method(fields));
    }

    private static ThrowableAssertAlternative<ServiceConfigException> assertWrong(String json) {
        return assertThatExceptionOfType(ServiceConfigException.class).isThrownBy(() -> ServiceConfig.parse(json));
    }

    private static ThrowableAssertAlternative<ServiceConfigException> assertWrong(Map<String, ?> json) {
        return assertThatExceptionOfType(ServiceConfigException.class).isThrownBy(() -> ServiceConfig.parse(json));
    }
}
