package io.peregrine.discovery.consul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Locality;
import io.peregrine.client.resolver.registry.Instances;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HealthAnswerTest {
    @Test
    void rs6AnInstanceBringsItsAddressWeightAndLocality() {
        assertThat(read(Entries.json(9001)).endpoints()).isEqualTo(Entries.endpoints(9001));
    }

    @Test
    void aServiceWithoutAnAddressIsAtThatOfItsNode() {
        Instances read = read("[{'Node':{'Address':'10.0.0.7'},'Service':{'Address':'','Port':80}}]");

        assertThat(read.endpoints().get(0).addresses()).containsExactly(new InetSocketAddress("10.0.0.7", 80));
    }

    @Test
    void aNameIsLookedUpWhenAConnectionIsMade() {
        Instances read = read("[{'Service':{'Address':'a.internal','Port':80}}]");

        assertThat(read.endpoints().get(0).addresses())
                .containsExactly(InetSocketAddress.createUnresolved("a.internal", 80));
    }

    @Test
    void theLocalityOfTheServiceCountsBeforeMetadataAndTheDatacenter() {
        assertThat(localityOf("'Node':{'Datacenter':'dc1'},", "")).isEqualTo(new Locality("dc1", "", ""));
        assertThat(localityOf(
                        "'Node':{'Datacenter':'dc1','Meta':{'zone':'b','sub_zone':'r7'}},", "'Meta':{'zone':'a'},"))
                .isEqualTo(new Locality("dc1", "a", "r7"));
        assertThat(localityOf("'Node':{'Datacenter':'dc1'},", "'Locality':{'Region':'eu','Zone':'eu-1'},"))
                .isEqualTo(new Locality("eu", "eu-1", ""));
        assertThat(localityOf("'Node':{'Locality':{'Region':'eu','Zone':'eu-2'}},", "'Locality':null,"))
                .isEqualTo(new Locality("eu", "eu-2", ""));
    }

    @ParameterizedTest
    @CsvSource({
        "PASSING, passing, true", "PASSING, warning, false", "PASSING, critical, false",
        "WARNING, passing, true", "WARNING, warning, true", "WARNING, critical, false",
        "ANY, passing, true", "ANY, warning, true", "ANY, critical, true",
    })
    void theWorstCheckDecidesWhetherAnInstanceCounts(HealthFilter filter, String worst, boolean counts) {
        String json = "[{'Service':{'Address':'10.0.0.7','Port':80},'Checks':[{'Status':'passing'},{'Status':'" + worst
                + "'},{'Status':'passing'}]}]";

        Instances read = HealthAnswer.read(bytes(json), filter);

        assertThat(read.endpoints()).hasSize(counts ? 1 : 0);
        assertThat(read.unusable()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"passing, 10", "warning, 2"})
    void anInstanceHasTheWeightOfItsHealth(String status, int weight) {
        Instances read = HealthAnswer.read(
                bytes("[{'Service':{'Address':'10.0.0.7','Port':80,'Weights':{'Passing':10,'Warning':2}},"
                        + "'Checks':[{'Status':'" + status + "'}]}]"),
                HealthFilter.WARNING);

        assertThat(read.endpoints().get(0).weight()).isEqualTo(weight);
    }

    @Test
    void anEntryThatIsWrongDoesNotCostTheOthers() {
        Instances read = read(
                "[{'Service':{'Address':'10.0.0.7','Port':0}}," + "{'Service':{'Address':'10.0.0.7','Port':70000}},"
                        + "{'Service':{'Port':80}},{'Service':null},7,"
                        + "{'Service':{'Address':'10.0.0.7','Port':80}}]");

        assertThat(read.endpoints()).hasSize(1);
        assertThat(read.complaint())
                .isEqualTo("5 of 6 entries cannot be used, such as $[0].Service.Port: 0"
                        + " (expected: a port from 1 to 65535)");
    }

    @Test
    void whatIsNoListIsMalformedAsAWhole() {
        assertThatExceptionOfType(ServiceConfigException.class).isThrownBy(() -> read("{}"));
        assertThatExceptionOfType(ServiceConfigException.class).isThrownBy(() -> read("[] []"));
        assertThatExceptionOfType(ServiceConfigException.class).isThrownBy(() -> read(""));
    }

    private static @Nullable Locality localityOf(String node, String service) {
        List<Endpoint> endpoints = read("[{" + node + "'Service':{" + service + "'Address':'10.0.0.7','Port':80}}]")
                .endpoints();
        return endpoints.get(0).attributes().get(Endpoint.LOCALITY);
    }

    private static Instances read(String json) {
        return HealthAnswer.read(bytes(json), HealthFilter.PASSING);
    }

    private static byte[] bytes(String json) {
        return json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    }
}
