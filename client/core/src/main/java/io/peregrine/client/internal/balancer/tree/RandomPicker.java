package io.peregrine.client.internal.balancer.tree;

import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Lets one of several pickers decide, at random, as often as their weights say. Allocates nothing of its own. */
final class RandomPicker implements Picker {
    private final Picker[] pickers;

    /** The weights of all up to each picker; ascending. */
    private final double[] bounds;

    private RandomPicker(Picker[] pickers, double[] bounds) {
        this.pickers = pickers;
        this.bounds = bounds;
    }

    /** A picker and how often it decides; more than 0. */
    record Weighted(Picker picker, double weight) {}

    /** Of at least one. */
    static Picker of(List<Weighted> choices) {
        Picker[] pickers = new Picker[choices.size()];
        double[] bounds = new double[pickers.length];
        double sum = 0;
        for (int i = 0; i < pickers.length; i++) {
            pickers[i] = choices.get(i).picker();
            sum += choices.get(i).weight();
            bounds[i] = sum;
        }
        return new RandomPicker(pickers, bounds);
    }

    @Override
    public PickResult pick(PickInfo info) {
        int last = pickers.length - 1;
        if (last == 0) {
            return pickers[0].pick(info);
        }
        double drawn = ThreadLocalRandom.current().nextDouble() * bounds[last];
        // From end to end, since there are few. A bound itself belongs to the picker behind it.
        int chosen = 0;
        while (chosen < last && drawn >= bounds[chosen]) {
            chosen++;
        }
        return pickers[chosen].pick(info);
    }
}
