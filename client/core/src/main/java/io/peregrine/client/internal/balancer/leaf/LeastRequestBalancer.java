package io.peregrine.client.internal.balancer.leaf;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.DoneInfo;
import io.peregrine.client.balancer.DoneListener;
import io.peregrine.client.balancer.EndpointBalancer;
import io.peregrine.client.balancer.EndpointChild;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.policy.LeastRequest;
import io.peregrine.client.internal.balancer.OutstandingCalls;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Sends each call to the one of a few random endpoints that has the fewest calls under way (SPEC 2.8.6, gRFC A48). The
 * counters belong to the endpoints, and so outlive lists and connections (LQ-3).
 */
public final class LeastRequestBalancer extends EndpointBalancer<LeastRequestBalancer.Server> {
    private int choiceCount;
    private int publishedChoices;
    private List<PickResult> published = List.of();

    /** A policy without endpoints. */
    public LeastRequestBalancer(Context context, LeastRequest config) {
        super(context);
        this.choiceCount = config.choiceCount();
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof LeastRequest config) {
            choiceCount = config.choiceCount();
            return true;
        }
        return false;
    }

    @Override
    protected Server newChild(Endpoint endpoint) {
        return new Server(this, endpoint);
    }

    @Override
    protected void update() {
        ConnectivityState state = aggregateState();
        if (state != ConnectivityState.READY) {
            published = List.of();
            context()
                    .updateState(
                            state,
                            state == ConnectivityState.TRANSIENT_FAILURE ? failingPicker() : FixedPicker.queueing());
            return;
        }
        List<Server> ready = ready();
        List<PickResult> results = ready.stream().map(server -> server.counted).toList();
        if (!isSameChoice(results, published) || choiceCount != publishedChoices) {
            published = results;
            publishedChoices = choiceCount;
            context().updateState(state, new LeastOutstanding(ready, choiceCount));
        }
    }

    /** An endpoint and its calls. */
    static final class Server extends EndpointChild implements DoneListener {
        private final OutstandingCalls outstanding = new OutstandingCalls();

        /** The subchannel, whose calls are counted. */
        private PickResult counted = PickResult.queue();

        Server(LeastRequestBalancer owner, Endpoint endpoint) {
            super(owner, endpoint);
        }

        @Override
        protected void onStateChanged(ConnectivityState before) {
            if (isReady()) {
                counted = result().onDone(this);
            }
        }

        @Override
        public void onDone(DoneInfo done) {
            outstanding.decrement();
        }
    }

    /** Any number of threads; the fields are those of the moment when it was made. */
    private static final class LeastOutstanding implements Picker {
        private final PickResult[] results;
        private final OutstandingCalls[] outstanding;
        private final int choiceCount;

        LeastOutstanding(List<Server> ready, int choiceCount) {
            this.results = ready.stream().map(server -> server.counted).toArray(PickResult[]::new);
            this.outstanding = ready.stream().map(server -> server.outstanding).toArray(OutstandingCalls[]::new);
            this.choiceCount = ready.size() == 1 ? 1 : choiceCount;
        }

        /** LQ-2: with replacement, and the first of equals. */
        @Override
        public PickResult pick(PickInfo info) {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            long bits = random.nextLong();
            int best = below((int) bits, results.length);
            int fewest = outstanding[best].get();
            for (int i = 1; i < choiceCount; i++) {
                // Two draws from each random number.
                bits = (i & 1) == 0 ? random.nextLong() : bits >>> Integer.SIZE;
                int other = below((int) bits, results.length);
                int calls = outstanding[other].get();
                if (calls < fewest) {
                    best = other;
                    fewest = calls;
                }
            }
            outstanding[best].increment();
            return results[best];
        }

        /** A random number below the bound, without a division; off from even by less than 2^-32 times the bound. */
        private static int below(int random, int bound) {
            return (int) (((random & 0xFFFF_FFFFL) * bound) >>> Integer.SIZE);
        }
    }
}
