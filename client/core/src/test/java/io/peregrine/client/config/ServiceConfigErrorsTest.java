package io.peregrine.client.config;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peregrine.client.config.json.ServiceConfigException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SV-9: each field of a service config, in each way that it can be wrong, and the sentence that says so. */
class ServiceConfigErrorsTest {
    private static final Map<String, String> RETRY = Map.of(
            "maxAttempts", "3",
            "initialBackoff", "\"0.1s\"",
            "maxBackoff", "\"1s\"",
            "backoffMultiplier", "2",
            "retryableStatusCodes", "[\"UNAVAILABLE\"]");
    private static final Map<String, String> HEDGING = Map.of("maxAttempts", "3");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]|$: a list (expected: an object)",
                "null|$: absent (expected: an object)",
                "\"x\"|$: \"x\" (expected: an object)",
                "{\"methodConfig\": {}}|$.methodConfig: an object (expected: a list)",
                "{\"methodConfig\": [1]}|$.methodConfig[0]: 1 (expected: an object)",
                "{\"methodConfig\": [null]}|$.methodConfig[0]: absent (expected: an object)",
                "{\"methodConfig\": [{\"name\": {}}]}|$.methodConfig[0].name: an object (expected: a list)",
                "{\"methodConfig\": [{\"name\": [\"a.B\"]}]}|$.methodConfig[0].name[0]: \"a.B\" (expected: an object)",
                "{\"methodConfig\": [{\"name\": [{\"service\": 1}]}]}|$.methodConfig[0].name[0].service: 1 (expected: a string)",
                "{\"methodConfig\": [{\"name\": [{\"service\": \"/a.B\"}]}]}|$.methodConfig[0].name[0].service: \"/a.B\" (expected: a service such as package.Service)",
                "{\"methodConfig\": [{\"name\": [{\"service\": \"a.B\", \"method\": []}]}]}|$.methodConfig[0].name[0].method: a list (expected: a string)",
                "{\"methodConfig\": [{\"name\": [{\"service\": \"a.B\", \"method\": \"/Say\"}]}]}|$.methodConfig[0].name[0].method: \"/Say\" (expected: a method without a slash)",
                "{\"methodConfig\": [{\"name\": [{\"method\": \"Say\"}]}]}|$.methodConfig[0].name[0].service: absent (expected: a service, since there is a method)",
                "{\"methodConfig\": [{\"name\": [{\"service\": \"\", \"method\": \"Say\"}]}]}|$.methodConfig[0].name[0].service: \"\" (expected: a service, since there is a method)",
                "{\"methodConfig\": [{\"name\": [{\"service\": \"a.B\"}]}, {\"name\": [{}, {\"service\": \"a.B\"}]}]}|$.methodConfig[1].name[1]: a.B given twice (expected: once)",
                "{\"methodConfig\": [{\"name\": [{\"service\": \"a.B\", \"method\": \"Say\"}, {\"service\": \"a.B\", \"method\": \"Say\"}]}]}|$.methodConfig[0].name[1]: a.B/Say given twice (expected: once)",
                "{\"methodConfig\": [{\"name\": [{}]}, {\"name\": [{\"service\": \"\"}]}]}|$.methodConfig[1].name[0]: the name of all methods given twice (expected: once)",
                "{\"loadBalancingPolicy\": 1}|$.loadBalancingPolicy: 1 (expected: a string)",
                "{\"loadBalancingConfig\": {}}|$.loadBalancingConfig: an object (expected: a list)",
                "{\"loadBalancingConfig\": [\"pick_first\"]}|$.loadBalancingConfig[0]: \"pick_first\" (expected: an object)",
                "{\"loadBalancingConfig\": [{}]}|$.loadBalancingConfig[0]: an object with 0 names (expected: one name, that of a policy)",
                "{\"loadBalancingConfig\": [{\"pick_first\": {}}, {\"a\": {}, \"b\": {}}]}|$.loadBalancingConfig[1]: an object with 2 names (expected: one name, that of a policy)",
                "{\"loadBalancingConfig\": [{\"no_such\": {}}]}|$.loadBalancingConfig: a list (expected: at least one policy that is registered)",
                "{\"loadBalancingConfig\": [{\"pick_first\": []}]}|$.loadBalancingConfig[0].pick_first: a list (expected: an object)",
                "{\"loadBalancingConfig\": [{\"pick_first\": {\"shuffleAddressList\": \"true\"}}]}|$.loadBalancingConfig[0].pick_first.shuffleAddressList: \"true\" (expected: true or false)",
                "{\"retryThrottling\": 1}|$.retryThrottling: 1 (expected: an object)",
                "{\"retryThrottling\": {\"tokenRatio\": 1}}|$.retryThrottling.maxTokens: absent (expected: a number of at least 0.001 and at most 1000)",
                "{\"retryThrottling\": {\"maxTokens\": 0, \"tokenRatio\": 1}}|$.retryThrottling.maxTokens: 0 (expected: a number of at least 0.001 and at most 1000)",
                "{\"retryThrottling\": {\"maxTokens\": -1, \"tokenRatio\": 1}}|$.retryThrottling.maxTokens: -1 (expected: a number of at least 0.001 and at most 1000)",
                "{\"retryThrottling\": {\"maxTokens\": 1000.1, \"tokenRatio\": 1}}|$.retryThrottling.maxTokens: 1000.1 (expected: a number of at least 0.001 and at most 1000)",
                "{\"retryThrottling\": {\"maxTokens\": true, \"tokenRatio\": 1}}|$.retryThrottling.maxTokens: true (expected: a number of at least 0.001 and at most 1000)",
                "{\"retryThrottling\": {\"maxTokens\": 1}}|$.retryThrottling.tokenRatio: absent (expected: a number of at least 0.001)",
                "{\"retryThrottling\": {\"maxTokens\": 1, \"tokenRatio\": 0}}|$.retryThrottling.tokenRatio: 0 (expected: a number of at least 0.001)",
                "{\"retryThrottling\": {\"maxTokens\": 1, \"tokenRatio\": 0.0009}}|$.retryThrottling.tokenRatio: 0.0009 (expected: a number of at least 0.001)",
                "{\"retryThrottling\": {\"maxTokens\": 1, \"tokenRatio\": 1e999}}|$.retryThrottling.tokenRatio: 1E+999 (expected: a number of at least 0.001)",
                "{\"healthCheckConfig\": []}|$.healthCheckConfig: a list (expected: an object)",
                "{\"healthCheckConfig\": {\"serviceName\": 1}}|$.healthCheckConfig.serviceName: 1 (expected: a string)",
                "{\"connectionScaling\": 2}|$.connectionScaling: 2 (expected: an object)",
                "{\"connectionScaling\": {\"maxConnectionsPerSubchannel\": 0}}|$.connectionScaling.maxConnectionsPerSubchannel: 0 (expected: an integer of at least 1)"
            })
    void sv9OneThingThatIsWrongMakesTheWholeInvalid(String json, String message) {
        assertWrong(json).withMessage(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "waitForReady|1|1 (expected: true or false)",
                "waitForReady|\"true\"|\"true\" (expected: true or false)",
                "timeout|1|1 (expected: a duration such as \"1.5s\", with at most 9 decimals)",
                "timeout|{}|an object (expected: a duration such as \"1.5s\", with at most 9 decimals)",
                "timeout|\"-1s\"|\"-1s\" (expected: a duration of zero or more)",
                "timeout|\"315576000001s\"|\"315576000001s\" (expected: a duration of at most 315576000000 seconds)",
                "maxRequestMessageBytes|-1|-1 (expected: an integer of at least 0)",
                "maxRequestMessageBytes|0.5|0.5 (expected: an integer of at least 0)",
                "maxRequestMessageBytes|1e-9999|1E-9999 (expected: an integer of at least 0)",
                "maxRequestMessageBytes|\"many\"|\"many\" (expected: an integer of at least 0)",
                "maxResponseMessageBytes|-1e300|-1E+300 (expected: an integer of at least 0)",
                "maxResponseMessageBytes|[1]|a list (expected: an integer of at least 0)",
                "retryPolicy|[]|a list (expected: an object)",
                "hedgingPolicy|true|true (expected: an object)"
            })
    void sv4AndSv9AFieldOfAMethodThatIsWrongIsNamed(String field, String value, String message) {
        assertWrong(method('"' + field + "\": " + value)).withMessage("$.methodConfig[0]." + field + ": " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "maxAttempts|null|absent (expected: an integer of at least 2)",
                "maxAttempts|1|1 (expected: an integer of at least 2)",
                "maxAttempts|-3|-3 (expected: an integer of at least 2)",
                "maxAttempts|2.5|2.5 (expected: an integer of at least 2)",
                "maxAttempts|true|true (expected: an integer of at least 2)",
                "initialBackoff|null|absent (expected: a duration such as \"1.5s\", with at most 9 decimals)",
                "initialBackoff|\"0s\"|\"0s\" (expected: a duration of more than zero)",
                "initialBackoff|\"-1s\"|\"-1s\" (expected: a duration of more than zero)",
                "maxBackoff|null|absent (expected: a duration such as \"1.5s\", with at most 9 decimals)",
                "maxBackoff|\"0s\"|\"0s\" (expected: a duration of more than zero)",
                "backoffMultiplier|null|absent (expected: a number of more than 0)",
                "backoffMultiplier|0|0 (expected: a number of more than 0)",
                "backoffMultiplier|-1|-1 (expected: a number of more than 0)",
                "backoffMultiplier|1e-999|1E-999 (expected: a number of more than 0)",
                "backoffMultiplier|1e999|1E+999 (expected: a number of more than 0)",
                "perAttemptRecvTimeout|\"0s\"|\"0s\" (expected: a duration of more than zero)",
                "perAttemptRecvTimeout|5|5 (expected: a duration such as \"1.5s\", with at most 9 decimals)",
                "retryableStatusCodes|null|absent (expected: a list of at least one status code)",
                "retryableStatusCodes|[]|a list (expected: a list of at least one status code)",
                "retryableStatusCodes|14|14 (expected: a list)"
            })
    void sv5AndSv9AFieldOfARetryPolicyThatIsWrongIsNamed(String field, String value, String message) {
        assertWrong(method("\"retryPolicy\": " + with(field, value, RETRY)))
                .withMessage("$.methodConfig[0].retryPolicy." + field + ": " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "maxAttempts|null|absent (expected: an integer of at least 2)",
                "maxAttempts|1|1 (expected: an integer of at least 2)",
                "hedgingDelay|\"-0.1s\"|\"-0.1s\" (expected: a duration of zero or more)",
                "hedgingDelay|0|0 (expected: a duration such as \"1.5s\", with at most 9 decimals)",
                "nonFatalStatusCodes|\"UNAVAILABLE\"|\"UNAVAILABLE\" (expected: a list)"
            })
    void sv6AndSv9AFieldOfAHedgingPolicyThatIsWrongIsNamed(String field, String value, String message) {
        assertWrong(method("\"hedgingPolicy\": " + with(field, value, HEDGING)))
                .withMessage("$.methodConfig[0].hedgingPolicy." + field + ": " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"\"OK\"", "\"ok\"", "0", "17", "-1", "14.5", "\"14\"", "\"NO_SUCH\"", "\"\"", "null", "true", "[]"
            })
    void sv5AndSv6RefuseWhatIsNoCodeOfFailure(String code) {
        String expected = "(expected: the name or the number, 1..16, of a status code of failure)";
        assertWrong(method("\"retryPolicy\": " + with("retryableStatusCodes", "[14, " + code + ']', RETRY)))
                .withMessageStartingWith("$.methodConfig[0].retryPolicy.retryableStatusCodes[1]: ")
                .withMessageEndingWith(expected);
        assertWrong(method("\"hedgingPolicy\": " + with("nonFatalStatusCodes", '[' + code + ']', HEDGING)))
                .withMessageStartingWith("$.methodConfig[0].hedgingPolicy.nonFatalStatusCodes[0]: ")
                .withMessageEndingWith(expected);
    }

    @Test
    void sv6RefusesRetryAndHedgingTogether() {
        assertWrong(method("\"retryPolicy\": {}, \"hedgingPolicy\": {}"))
                .withMessage("$.methodConfig[0].hedgingPolicy: an object (expected: no hedging policy beside a retry"
                        + " policy)");
    }

    /** An object of those fields, one of them replaced or added. */
    private static String with(String field, String value, Map<String, String> fields) {
        Map<String, String> changed = new TreeMap<>(fields);
        changed.put(field, value);
        List<String> members = changed.entrySet().stream()
                .map(entry -> '"' + entry.getKey() + "\": " + entry.getValue())
                .toList();
        return '{' + String.join(", ", members) + '}';
    }

    private static String method(String fields) {
        return "{\"methodConfig\": [{\"name\": [{\"service\": \"a.B\"}], " + fields + "}]}";
    }

    private static ThrowableAssertAlternative<ServiceConfigException> assertWrong(String json) {
        return assertThatExceptionOfType(ServiceConfigException.class).isThrownBy(() -> ServiceConfig.parse(json));
    }
}
