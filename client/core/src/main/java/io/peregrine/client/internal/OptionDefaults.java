package io.peregrine.client.internal;

import io.peregrine.client.CallOptions;
import org.jspecify.annotations.Nullable;

/**
 * The options that calls of a channel have unless they say otherwise. Any thread. Programs use few different options,
 * mostly one: the last ones are kept with what became of them, so that a call allocates nothing here.
 */
public final class OptionDefaults {
    private record Merged(CallOptions given, CallOptions merged) {}

    private final CallOptions defaults;
    private volatile @Nullable Merged last;

    /** Options behind those of the calls. */
    public OptionDefaults(CallOptions defaults) {
        this.defaults = defaults;
    }

    /** What a call with these options goes by. */
    @SuppressWarnings("ReferenceEquality") // equal options that are another object are merged anew
    public CallOptions under(CallOptions given) {
        if (defaults == CallOptions.DEFAULT) {
            return given;
        }
        Merged known = last;
        if (known == null || known.given != given) {
            known = new Merged(given, given.withDefaults(defaults));
            last = known;
        }
        return known.merged;
    }
}
