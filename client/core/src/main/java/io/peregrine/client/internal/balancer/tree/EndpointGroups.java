package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.balancer.policy.ChildPath;
import io.peregrine.client.resolver.Endpoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The endpoints of a policy's children, by the first names of their {@linkplain ChildPath paths}. Immutable. */
final class EndpointGroups {
    static final EndpointGroups NONE = new EndpointGroups(Map.of());

    private final Map<String, List<Endpoint>> groups;

    private EndpointGroups(Map<String, List<Endpoint>> groups) {
        this.groups = groups;
    }

    /** Endpoints without a path are of no child. */
    static EndpointGroups of(List<Endpoint> endpoints) {
        Map<String, List<Endpoint>> groups = new LinkedHashMap<>();
        for (Endpoint endpoint : endpoints) {
            ChildPath path = endpoint.attributes().get(ChildPath.KEY, ChildPath.EMPTY);
            if (!path.names().isEmpty()) {
                groups.computeIfAbsent(path.names().get(0), unused -> new ArrayList<>())
                        .add(endpoint.with(ChildPath.KEY, path.rest()));
            }
        }
        return new EndpointGroups(groups);
    }

    /** The endpoints of that child, with the rest of their paths. */
    List<Endpoint> of(String child) {
        return groups.getOrDefault(child, List.of());
    }
}
