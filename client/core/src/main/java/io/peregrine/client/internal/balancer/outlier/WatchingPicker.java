package io.peregrine.client.internal.balancer.outlier;

import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;

/** The child's picker, whose results go to the channel's subchannels and, if calls are counted, are told how they end. */
final class WatchingPicker implements Picker {
    private final Picker child;
    private final boolean counting;

    private WatchingPicker(Picker child, boolean counting) {
        this.child = child;
        this.counting = counting;
    }

    static Picker over(Picker child, boolean counting) {
        return FixedPicker.isWithoutSubConn(child) ? child : new WatchingPicker(child, counting);
    }

    @Override
    public PickResult pick(PickInfo info) {
        PickResult picked = child.pick(info);
        return picked.subConn() instanceof WatchedSubConn subConn
                ? subConn.dress(picked, counting ? subConn : null)
                : picked;
    }
}
