package io.peregrine.client.balancer;

/** Chooses the subchannel of each call. Called by any number of threads at once: must not block or lock (SPEC PK-1). */
@FunctionalInterface
public interface Picker {
    /** Chooses. Should return one of a few prepared results, and allocate nothing. */
    PickResult pick(PickInfo info);
}
