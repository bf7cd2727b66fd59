package io.peregrine.client.balancer.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.config.json.ServiceConfigException;
import io.peregrine.client.resolver.Locality;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What priority, weighted_target and zone_preference can be told. */
class TreePoliciesTest {
    private static final List<?> ROUND_ROBIN = List.of(Map.of("round_robin", Map.of()));
    private static final List<?> PICK_FIRST = List.of(Map.of("pick_first", Map.of()));

    @Test
    void pr1ReadsChildrenAndTheirOrder() {
        assertThat(parse(
                        "priority",
                        Map.of(
                                "priorities",
                                List.of("near", "far"),
                                "children",
                                Map.of(
                                        "near", Map.of("config", ROUND_ROBIN),
                                        "far", Map.of("config", PICK_FIRST)))))
                .isEqualTo(Priority.first("near", RoundRobin.policy()).then("far", PickFirst.policy()));
    }

    @Test
    void pr1ReadsWhetherTheResolverIsLeftAlone() {
        Object child = Map.of("config", ROUND_ROBIN, "ignoreReresolutionRequests", true);

        assertThat(parse("priority", Map.of("priorities", List.of("a"), "children", Map.of("a", child))))
                .isEqualTo(new Priority(List.of("a"), Map.of("a", new Priority.Child(RoundRobin.policy(), true))));
    }

    @Test
    void pr1RefusesPrioritiesThatAreNoChildrenOrOccurTwiceOrAreNone() {
        Map<String, ?> children = Map.of("a", Map.of("config", ROUND_ROBIN));

        assertRefused(
                "priority",
                Map.of("priorities", List.of("b"), "children", children),
                "$[0].priority.priorities[0]: \"b\" (expected: the name of one of the children, and each once)");
        assertRefused(
                "priority",
                Map.of("priorities", List.of("a", "a"), "children", children),
                "$[0].priority.priorities[1]: \"a\" (expected: the name of one of the children, and each once)");
        assertRefused(
                "priority",
                Map.of("priorities", List.of(), "children", children),
                "$[0].priority.priorities: a list (expected: a list of at least one name)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Priority.first("a", RoundRobin.policy()).then("a", PickFirst.policy()));
    }

    @Test
    void pr2ReadsTargetsWithTheirWeights() {
        assertThat(parse(
                        "weighted_target",
                        Map.of(
                                "targets",
                                Map.of(
                                        "old", Map.of("weight", 9, "childPolicy", ROUND_ROBIN),
                                        "new", Map.of("weight", 1, "childPolicy", PICK_FIRST)))))
                .isEqualTo(WeightedTarget.of("old", 9, RoundRobin.policy()).and("new", 1, PickFirst.policy()));
    }

    @Test
    void pr2RefusesWeightsBelowOneAndNoTargets() {
        assertRefused(
                "weighted_target",
                Map.of("targets", Map.of("a", Map.of("weight", 0, "childPolicy", ROUND_ROBIN))),
                "$[0].weighted_target.targets.a.weight: 0 (expected: an integer of at least 1)");
        assertRefused(
                "weighted_target",
                Map.of("targets", Map.of()),
                "$[0].weighted_target.targets: an object (expected: an object of at least one target)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightedTarget.of("a", 0, RoundRobin.policy()))
                .withMessage("weight: 0 (expected: 1 or more)");
    }

    @Test
    void ex4ReadsTheOwnZoneAndTheThreshold() {
        assertThat(parse(
                        "zone_preference",
                        Map.of(
                                "locality",
                                Map.of("region", "eu", "zone", "eu-1"),
                                "spilloverPercent",
                                50,
                                "childPolicy",
                                ROUND_ROBIN)))
                .isEqualTo(ZonePreference.of(new Locality("eu", "eu-1", ""), RoundRobin.policy())
                        .withSpilloverPercent(50));
        assertThat(parse("zone_preference", Map.of("locality", Map.of("zone", "eu-1"), "childPolicy", ROUND_ROBIN)))
                .isEqualTo(new ZonePreference(Locality.ofZone("eu-1"), 70, RoundRobin.policy()));
    }

    @Test
    void ex4RefusesNoZoneAndAThresholdOutOfItsRange() {
        assertRefused(
                "zone_preference",
                Map.of("locality", Map.of("zone", ""), "childPolicy", ROUND_ROBIN),
                "$[0].zone_preference.locality.zone: \"\" (expected: a name)");
        assertRefused(
                "zone_preference",
                Map.of("locality", Map.of("zone", "a"), "spilloverPercent", 0, "childPolicy", ROUND_ROBIN),
                "$[0].zone_preference.spilloverPercent: 0 (expected: an integer in 1..100)");
        assertRefused(
                "zone_preference",
                Map.of("locality", Map.of("zone", "a"), "spilloverPercent", 101, "childPolicy", ROUND_ROBIN),
                "$[0].zone_preference.spilloverPercent: 101 (expected: an integer in 1..100)");
    }

    private static LoadBalancingPolicy parse(String name, Map<String, ?> config) {
        return LoadBalancerRegistry.standard().parse(ConfigValue.root(List.of(Map.of(name, config))));
    }

    private static void assertRefused(String name, Map<String, ?> config, String message) {
        assertThatThrownBy(() -> parse(name, config))
                .isInstanceOf(ServiceConfigException.class)
                .hasMessage(message);
    }
}
