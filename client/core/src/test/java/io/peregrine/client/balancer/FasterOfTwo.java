package io.peregrine.client.balancer;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.resolver.Endpoint;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The policy of docs/guides/load-balancing.md, as it is shown there. */
final class FasterOfTwo extends EndpointBalancer<FasterOfTwo.Server> {
    FasterOfTwo(Context context) {
        super(context);
    }

    /** One endpoint: it has its connection from its base class, and is told how each of its calls ended. */
    static final class Server extends EndpointChild implements DoneListener {
        private volatile long latencyNs;
        private PickResult measured = PickResult.queue();

        Server(FasterOfTwo owner, Endpoint endpoint) {
            super(owner, endpoint);
        }

        @Override
        protected void onStateChanged(ConnectivityState before) {
            measured = isReady() ? result().onDone(this) : PickResult.queue();
        }

        @Override
        public void onDone(DoneInfo done) {
            if (done.isSent()) {
                long average = latencyNs;
                latencyNs = average + (done.elapsedNs() - average) / 8;
            }
        }
    }

    @Override
    protected Server newChild(Endpoint endpoint) {
        return new Server(this, endpoint);
    }

    @Override
    protected void update() {
        switch (aggregateState()) {
            case READY -> context().updateState(ConnectivityState.READY, new Faster(ready()));
            case TRANSIENT_FAILURE -> context().updateState(ConnectivityState.TRANSIENT_FAILURE, failingPicker());
            default -> context().updateState(aggregateState(), FixedPicker.queueing());
        }
    }

    /** Any number of threads pick at once: everything is prepared, and nothing is allocated. */
    private record Faster(List<Server> servers, List<PickResult> results) implements Picker {
        Faster(List<Server> ready) {
            this(ready, ready.stream().map(server -> server.measured).toList());
        }

        @Override
        public PickResult pick(PickInfo info) {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            int one = random.nextInt(servers.size());
            int other = random.nextInt(servers.size());
            return results.get(servers.get(one).latencyNs <= servers.get(other).latencyNs ? one : other);
        }
    }
}
