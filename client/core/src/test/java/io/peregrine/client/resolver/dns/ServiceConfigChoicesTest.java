package io.peregrine.client.resolver.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.config.json.ServiceConfigException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** DN-8 and DN-9: which of the service configs of TXT records is ours. */
class ServiceConfigChoicesTest {
    private static final String HOST_NAME = "worker-7";

    @Test
    void dn9TheFirstChoiceWhoseConditionsAllHoldCounts() {
        assertThat(chosen(
                        0,
                        "grpc_config=[{\"clientLanguage\":[\"go\",\"c++\"]," + config(1) + "},"
                                + "{\"clientLanguage\":[\"go\",\"JAVA\"],\"clientHostname\":[\"worker-8\"]," + config(2)
                                + "},"
                                + "{\"clientLanguage\":[\"Java\"],\"clientHostname\":[\"x\",\"worker-7\"],"
                                + "\"percentage\":100," + config(3) + "},"
                                + "{" + config(4) + "}]"))
                .isEqualTo(3);
    }

    @Test
    void dn9TheHostNameIsComparedExactlyAndMayBeSpelledAsGoSpellsIt() {
        assertThat(chosen(0, "grpc_config=[{\"clientHostName\":[\"Worker-7\"]," + config(1) + "},{" + config(2) + "}]"))
                .isEqualTo(2);
        assertThat(chosen(0, "grpc_config=[{\"clientHostName\":[\"worker-7\"]," + config(1) + "}]"))
                .isEqualTo(1);
    }

    @Test
    void dn9APercentageOfAllClientsIsMeant() {
        String record = "grpc_config=[{\"percentage\":30," + config(1) + "},{" + config(2) + "}]";

        long meant = IntStream.range(0, 100)
                .filter(percentile -> Objects.equals(chosen(percentile, record), 1))
                .count();

        assertThat(meant).isEqualTo(30);
        assertThat(chosen(0, "grpc_config=[{\"percentage\":0," + config(1) + "}]"))
                .isNull();
        assertThat(chosen(99, "grpc_config=[{\"percentage\":100," + config(1) + "}]"))
                .isEqualTo(1);
    }

    @Test
    void dn8RecordsOfOtherPurposesAreSkippedAndSeveralAreTakenTogether() {
        assertThat(chosen(0, "v=spf1 -all", "grpc_config =[]", "grpc_config=[]", "grpc_config=[{" + config(5) + "}]"))
                .isEqualTo(5);
    }

    @Test
    void dn8NoRecordAndNoChoiceMeanNoConfig() {
        assertThat(chosen(0)).isNull();
        assertThat(chosen(0, "v=spf1 -all")).isNull();
        assertThat(chosen(0, "grpc_config=[{\"clientLanguage\":[\"go\"]," + config(1) + "}]"))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{}; TXT record: $: an object (expected: a list)",
                "[{]; TXT record: $[0].: malformed JSON (expected: RFC 8259)",
                "[1]; TXT record: $[0]: 1 (expected: an object)",
                "[{}]; TXT record: $[0].serviceConfig: absent (expected: an object)",
                "[{\"serviceConfig\":7}]; TXT record: $[0].serviceConfig: 7 (expected: an object)",
                "[{\"percentage\":101,\"serviceConfig\":{}}]; TXT record: $[0].percentage: 101 (expected: an integer of"
                        + " 0..100)",
                "[{\"percentage\":-1,\"serviceConfig\":{}}]; TXT record: $[0].percentage: -1 (expected: an integer of"
                        + " 0..100)",
                "[{\"clientLanguage\":\"java\",\"serviceConfig\":{}}]; TXT record: $[0].clientLanguage: \"java\""
                        + " (expected: a list)",
                "[{\"clientHostname\":[1],\"serviceConfig\":{}}]; TXT record: $[0].clientHostname[0]: 1 (expected: a"
                        + " string)",
                "[{\"audience\":1,\"serviceConfig\":{}}]; TXT record: $[0].audience: unknown (expected: clientLanguage,"
                        + " percentage, clientHostname or serviceConfig)",
            })
    void dn9ARecordThatIsMalformedMakesAWrongConfig(String json, String sentence) {
        ServiceConfigSource source = Objects.requireNonNull(source(0, "grpc_config=" + json));

        assertThatThrownBy(() -> source.parse(LoadBalancerRegistry.standard()))
                .isInstanceOf(ServiceConfigException.class)
                .hasMessage(sentence);
    }

    @Test
    void dn9AChoiceForOthersIsCheckedToo() {
        ServiceConfigSource source = Objects.requireNonNull(
                source(0, "grpc_config=[{" + config(1) + "},{\"percentage\":1000," + config(2) + "}]"));

        assertThatThrownBy(() -> source.parse(LoadBalancerRegistry.standard()))
                .isInstanceOf(ServiceConfigException.class)
                .hasMessageContaining("$[1].percentage: 1000");
    }

    @Test
    void aConfigThatIsWrongNamesItsPathInTheRecord() {
        ServiceConfigSource source = Objects.requireNonNull(source(
                0,
                "grpc_config=[{\"clientLanguage\":[\"go\"],\"serviceConfig\":{}},"
                        + "{\"serviceConfig\":{\"connectionScaling\":true}}]"));

        assertThatThrownBy(() -> source.parse(LoadBalancerRegistry.standard()))
                .hasMessage("$[1].serviceConfig.connectionScaling: true (expected: an object)");
    }

    private static String config(int connections) {
        return "\"serviceConfig\":{\"connectionScaling\":{\"maxConnectionsPerSubchannel\":" + connections + "}}";
    }

    private static @Nullable Integer chosen(int percentile, String... records) {
        ServiceConfigSource source = source(percentile, records);
        return source == null
                ? null
                : Integer.valueOf(source.parse(LoadBalancerRegistry.standard()).maxConnectionsPerSubchannel());
    }

    private static @Nullable ServiceConfigSource source(int percentile, String... records) {
        return new ServiceConfigChoices(percentile, () -> CompletableFuture.completedFuture(HOST_NAME))
                .choose(List.copyOf(Arrays.asList(records)))
                .join();
    }
}
