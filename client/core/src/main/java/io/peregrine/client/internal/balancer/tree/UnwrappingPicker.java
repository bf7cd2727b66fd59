package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.internal.balancer.InterposedSubConn;

/** A child's picker, whose results go to the channel's subchannels. */
final class UnwrappingPicker implements Picker {
    private final Picker child;

    private UnwrappingPicker(Picker child) {
        this.child = child;
    }

    static Picker over(Picker child) {
        return FixedPicker.isWithoutSubConn(child) ? child : new UnwrappingPicker(child);
    }

    @Override
    public PickResult pick(PickInfo info) {
        PickResult picked = child.pick(info);
        return picked.subConn() instanceof InterposedSubConn subConn ? subConn.dress(picked, null) : picked;
    }
}
