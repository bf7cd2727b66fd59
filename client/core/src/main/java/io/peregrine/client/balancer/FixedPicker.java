package io.peregrine.client.balancer;

import io.peregrine.client.Status;

/**
 * Decides the same for every call. Pickers are compared by identity where calls wait for the next one, so make a new one
 * for each state that is published.
 */
public final class FixedPicker implements Picker {
    private final PickResult result;

    /** Always decides that. */
    public FixedPicker(PickResult result) {
        this.result = result;
    }

    /** Lets calls wait for the next picker. */
    public static Picker queueing() {
        return new FixedPicker(PickResult.queue());
    }

    /** Fails calls that do not wait for ready. */
    public static Picker failing(Status status) {
        return new FixedPicker(PickResult.fail(status));
    }

    /**
     * Whether that picker chooses no subchannel, ever. Policies that look into the results of a child leave such a picker as
     * it is: what the channel sees in it, see {@link LoadBalancer.Context#updateState}, holds for the policy above, too.
     */
    public static boolean isWithoutSubConn(Picker picker) {
        return picker instanceof FixedPicker fixed && fixed.result.subConn() == null;
    }

    /** What it decides. */
    public PickResult result() {
        return result;
    }

    @Override
    public PickResult pick(PickInfo info) {
        return result;
    }

    @Override
    public String toString() {
        return result.toString();
    }
}
