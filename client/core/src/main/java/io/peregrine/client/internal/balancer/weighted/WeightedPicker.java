package io.peregrine.client.internal.balancer.weighted;

import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.Rotation;

/** Picks as its scheduler says, which is replaced as the weights change: calls that wait need not pick again for that. */
final class WeightedPicker implements Picker {
    private final PickResult[] results;
    private final Rotation rotation = new Rotation();
    private final boolean outOfBand;

    /** Written in the channel's serialised context, read by each pick; volatile, for its array is to be seen whole. */
    private volatile StrideScheduler scheduler;

    /** @param outOfBand whether the results leave out who reads reports in trailers */
    WeightedPicker(PickResult[] results, StrideScheduler scheduler, boolean outOfBand) {
        this.results = results;
        this.outOfBand = outOfBand;
        this.scheduler = scheduler;
    }

    @Override
    public PickResult pick(PickInfo info) {
        return results[info.untried(results, scheduler.next(rotation))];
    }

    boolean isOutOfBand() {
        return outOfBand;
    }

    StrideScheduler scheduler() {
        return scheduler;
    }

    /** In the order of the results. */
    void scheduler(StrideScheduler newScheduler) {
        scheduler = newScheduler;
    }
}
