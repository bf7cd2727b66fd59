package io.peregrine.client.balancer.policy;

import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.balancer.tree.ZonePreferenceBalancer;
import io.peregrine.client.resolver.Locality;

/**
 * The policy {@code zone_preference} (SPEC EX-4): calls stay in the client's own zone as long as enough of its endpoints are
 * ready, and spill over to others as far as they are not. Where an endpoint is, its
 * {@link io.peregrine.client.resolver.Endpoint#LOCALITY} says; one that does not say is farther than all others. Immutable.
 *
 * <p>There are three distances: the own zone, the other zones of the own region, the rest. Of the calls that come to a
 * distance, it keeps {@code ready / (ready + failed) / spilloverPercent}, at most all; the rest go on to the next. So with 70,
 * a zone of ten endpoints keeps all calls while seven are ready, and half of them when 3.5 are: those that are left never get
 * more than 1.43 times the calls of a healthy day. What nobody can take is shared in the same proportions. Endpoints that
 * have neither connected nor failed yet do not count. Zones of one distance share by their numbers of ready endpoints.
 *
 * <p>A farther distance connects when it is needed for the first time, and then stays connected. The own zone has 10 s to
 * connect first. To let ejections count, put {@link OutlierDetection} over this policy, not under it.
 *
 * @param own where the client is; its zone is not empty, an empty region means any, and its subZone does not matter
 * @param spilloverPercent how many of the endpoints of a distance must be ready for it to keep all calls; 1..100, default 70
 * @param childPolicy what spreads calls within a zone
 */
public record ZonePreference(Locality own, int spilloverPercent, LoadBalancingPolicy childPolicy)
        implements LoadBalancingPolicy {
    private static final String NAME = "zone_preference";
    private static final int DEFAULT_SPILLOVER_PERCENT = 70;

    /**
     * Checks the zone and the percentage.
     *
     * @throws IllegalArgumentException if the zone is empty, or the percentage out of its range
     */
    public ZonePreference {
        if (own.zone().isEmpty()) {
            throw new IllegalArgumentException("own zone: \"\" (expected: a name)");
        }
        if (spilloverPercent < 1 || spilloverPercent > 100) {
            throw new IllegalArgumentException("spilloverPercent: " + spilloverPercent + " (expected: 1..100)");
        }
    }

    /**
     * The policy of a client in that zone, which spills calls when less than 70 % of a zone are ready.
     *
     * @throws IllegalArgumentException if the zone is empty
     */
    public static ZonePreference of(Locality own, LoadBalancingPolicy childPolicy) {
        return new ZonePreference(own, DEFAULT_SPILLOVER_PERCENT, childPolicy);
    }

    /**
     * This policy, which spills at another percentage.
     *
     * @throws IllegalArgumentException unless it is in 1..100
     */
    public ZonePreference withSpilloverPercent(int percent) {
        return new ZonePreference(own, percent, childPolicy);
    }

    /**
     * Reads {@code {"locality": {"region": "eu", "zone": "eu-1"}, "spilloverPercent": 70, "childPolicy": [{"round_robin":
     * {}}]}}.
     */
    public static LoadBalancerProvider provider() {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return NAME;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                return read(config, policies);
            }
        };
    }

    private static ZonePreference read(ConfigObject config, LoadBalancerRegistry policies) {
        ConfigObject locality = config.field("locality").asObject();
        ConfigValue zone = locality.field("zone");
        if (zone.asString().isEmpty()) {
            throw zone.wrong("a name");
        }
        Locality own =
                new Locality(readName(locality.field("region")), zone.asString(), readName(locality.field("subZone")));
        ConfigValue percent = config.field("spilloverPercent");
        String expected = "an integer in 1..100";
        int spillover = percent.isPresent() ? percent.asInt(1, expected) : DEFAULT_SPILLOVER_PERCENT;
        if (spillover > 100) {
            throw percent.wrong(expected);
        }
        return new ZonePreference(own, spillover, policies.parse(config.field("childPolicy")));
    }

    private static String readName(ConfigValue name) {
        return name.isPresent() ? name.asString() : "";
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public LoadBalancer newBalancer(LoadBalancer.Context context) {
        return new ZonePreferenceBalancer(context, this);
    }
}
