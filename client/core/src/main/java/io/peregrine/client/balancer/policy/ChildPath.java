package io.peregrine.client.balancer.policy;

import io.peregrine.client.resolver.Attributes;
import java.util.List;

/**
 * To which children of nested policies an endpoint belongs, from the outermost policy to the innermost (the hierarchical
 * address of gRFC A56). A resolver sets it under {@link #KEY} for {@link Priority} and {@link WeightedTarget}: each takes the
 * first name and hands the endpoint to the child of that name, with the names behind it. An endpoint without a path, or with
 * the name of no child, is not used. Immutable.
 *
 * @param names of children
 */
public record ChildPath(List<String> names) {
    /** Where an endpoint carries its path. */
    public static final Attributes.Key<ChildPath> KEY = Attributes.Key.of("child_path", ChildPath.class);

    /** The path of an endpoint that has arrived. */
    public static final ChildPath EMPTY = new ChildPath(List.of());

    /** Copies the list. */
    public ChildPath {
        names = List.copyOf(names);
    }

    /** A path of these names. */
    public static ChildPath of(String... names) {
        return new ChildPath(List.of(names));
    }

    /** This path without its first name; empty if it has one or none. */
    public ChildPath rest() {
        return names.size() <= 1 ? EMPTY : new ChildPath(names.subList(1, names.size()));
    }
}
