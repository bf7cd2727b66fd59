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
import io.peregrine.client.internal.balancer.weighted.SlowStartRamps;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Sends each call to the one of a few random endpoints that has the fewest calls under way (SPEC 2.8.6, gRFC A48). The
 * counters belong to the endpoints, and so outlive lists and connections (LQ-3). With slow start the calls of an endpoint that
 * is new count for more (EX-2).
 */
public final class LeastRequestBalancer extends EndpointBalancer<LeastRequestBalancer.Server> {
    private final SlowStartRamps ramps;
    private LeastRequest config;
    private LeastRequest publishedConfig;
    private List<PickResult> published = List.of();

    /** A policy without endpoints. */
    public LeastRequestBalancer(Context context, LeastRequest config) {
        super(context);
        this.ramps = new SlowStartRamps(context, config.slowStart());
        this.config = config;
        this.publishedConfig = config;
    }

    @Override
    public boolean tryReconfigure(LoadBalancingPolicy policy) {
        if (policy instanceof LeastRequest other) {
            config = other;
            ramps.configure(other.slowStart());
            return true;
        }
        return false;
    }

    @Override
    protected Server newChild(Endpoint endpoint) {
        return new Server(this, endpoint, ramps.newRamp());
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
        if (!isSameChoice(results, published) || !config.equals(publishedConfig)) {
            published = results;
            publishedConfig = config;
            context().updateState(state, new LeastOutstanding(ready, config));
        }
    }

    @Override
    public void close() {
        ramps.close();
        super.close();
    }

    /** An endpoint and its calls. */
    static final class Server extends EndpointChild implements DoneListener {
        private final OutstandingCalls outstanding = new OutstandingCalls();
        private final SlowStartRamps.Ramp ramp;

        /** The subchannel, whose calls are counted. */
        private PickResult counted = PickResult.queue();

        Server(LeastRequestBalancer owner, Endpoint endpoint, SlowStartRamps.Ramp ramp) {
            super(owner, endpoint);
            this.ramp = ramp;
        }

        @Override
        protected void onStateChanged(ConnectivityState before) {
            if (isReady()) {
                counted = result().onDone(this);
            }
            if (isReady() && before != ConnectivityState.READY) {
                ramp.begin();
            } else if (!isReady()) {
                ramp.end();
            }
        }

        @Override
        protected void onClosed() {
            ramp.end();
        }

        @Override
        public void onDone(DoneInfo done) {
            outstanding.decrement();
        }
    }

    /** Any number of threads; the fields are those of the moment when it was made. */
    private static final class LeastOutstanding implements Picker {
        /** What a call counts for on an endpoint that is not new any more. */
        private static final double WHOLE = 1 << 10;

        private final PickResult[] results;
        private final OutstandingCalls[] outstanding;
        private final int choiceCount;

        /** Null without slow start. */
        private final SlowStartRamps.Ramp @Nullable [] ramps;

        LeastOutstanding(List<Server> ready, LeastRequest config) {
            this.results = ready.stream().map(server -> server.counted).toArray(PickResult[]::new);
            this.outstanding = ready.stream().map(server -> server.outstanding).toArray(OutstandingCalls[]::new);
            this.choiceCount = ready.size() == 1 ? 1 : config.choiceCount();
            this.ramps = config.slowStart() == null
                    ? null
                    : ready.stream().map(server -> server.ramp).toArray(SlowStartRamps.Ramp[]::new);
        }

        /** LQ-2: with replacement, and the first of equals. */
        @Override
        public PickResult pick(PickInfo info) {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            long bits = random.nextLong();
            int best = info.untried(results, below((int) bits, results.length));
            long least = load(best);
            for (int i = 1; i < choiceCount; i++) {
                // Two draws from each random number.
                bits = (i & 1) == 0 ? random.nextLong() : bits >>> Integer.SIZE;
                int other = info.untried(results, below((int) bits, results.length));
                long load = load(other);
                if (load < least) {
                    best = other;
                    least = load;
                }
            }
            outstanding[best].increment();
            return results[best];
        }

        /** The calls there; with slow start what there would be with one more, by the endpoint's share, or none would differ. */
        private long load(int index) {
            int calls = outstanding[index].get();
            SlowStartRamps.Ramp[] rising = ramps;
            return rising == null ? calls : (long) ((calls + 1) * WHOLE / rising[index].factor());
        }

        /** A random number below the bound, without a division; off from even by less than 2^-32 times the bound. */
        private static int below(int random, int bound) {
            return (int) (((random & 0xFFFF_FFFFL) * bound) >>> Integer.SIZE);
        }
    }
}
