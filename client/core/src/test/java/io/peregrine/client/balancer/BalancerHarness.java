package io.peregrine.client.balancer;

import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A channel for one policy: with a clock of its own, subchannels that go where the test says, and a record of what the
 * policy does. Hosts are IP addresses; the port is always the same.
 */
public final class BalancerHarness implements LoadBalancer.Context {
    private static final int PORT = 443;
    private static final MethodDescriptor<byte[], byte[]> METHOD =
            MethodDescriptor.unary("test.Echo/Say", Marshallers.bytes(), Marshallers.bytes());

    private final List<FakeSubConn> subConns = new ArrayList<>();
    private final List<String> connects = new ArrayList<>();
    private final List<ConnectivityState> reported = new ArrayList<>();
    private final List<Delayed> timers = new ArrayList<>();
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final RandomGenerator random;
    private boolean running;
    private ConnectivityState state = ConnectivityState.IDLE;
    private @Nullable Picker picker;
    private Runnable onReport = () -> {};
    private int resolveNows;
    private long nowNs = Long.MAX_VALUE - Duration.ofSeconds(5).toNanos();

    /** A channel whose policy draws the same numbers in each run. */
    public BalancerHarness() {
        this(new SplittableRandom(1));
    }

    /** A channel whose policy draws its numbers from there. */
    public BalancerHarness(RandomGenerator random) {
        this.random = random;
    }

    private record Delayed(long atNs, Runnable task) {}

    // ---- The policy's side -----------------------------------------------------------------------------------

    @Override
    public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
        FakeSubConn subConn = new FakeSubConn(address, attributes, listener);
        subConns.add(subConn);
        return subConn;
    }

    @Override
    public void updateState(ConnectivityState newState, Picker newPicker) {
        state = newState;
        picker = newPicker;
        reported.add(newState);
        onReport.run();
    }

    @Override
    public void resolveNow() {
        resolveNows++;
    }

    @Override
    public LoadBalancer.Timer schedule(Duration delay, Runnable task) {
        Delayed delayed = new Delayed(nowNs + delay.toNanos(), task);
        timers.add(delayed);
        return () -> timers.remove(delayed);
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (!running) {
            drain();
        }
    }

    @Override
    public long nanoTime() {
        return nowNs;
    }

    @Override
    public RandomGenerator random() {
        return random;
    }

    // ---- What happened ---------------------------------------------------------------------------------------

    /** What the policy reported last; IDLE before. */
    public ConnectivityState state() {
        return state;
    }

    /** All that it reported, in order. */
    public List<ConnectivityState> reported() {
        return reported;
    }

    /** The picker that it published last. */
    public Picker picker() {
        return Objects.requireNonNull(picker, "no picker");
    }

    /** Picks for a call without options. */
    public PickResult pick() {
        return pick(CallOptions.DEFAULT);
    }

    /** Picks for a call; then what the picker put off has been done. */
    public PickResult pick(CallOptions options) {
        PickResult[] picked = new PickResult[1];
        run(() -> picked[0] = picker().pick(info(options)));
        return picked[0];
    }

    /** The host that a call without options goes to. */
    public String pickedHost() {
        return hostOf(pick());
    }

    /** The host of a result that has one. */
    public static String hostOf(PickResult picked) {
        return host(Objects.requireNonNull(picked.subConn(), picked::toString).address());
    }

    /** What a picker is told of a call. */
    public static PickInfo info(CallOptions options) {
        return new PickInfo() {
            @Override
            public MethodDescriptor<?, ?> method() {
                return METHOD;
            }

            @Override
            public CallOptions options() {
                return options;
            }
        };
    }

    /** The hosts that were connected to, in order, once for each attempt. */
    public List<String> connects() {
        return connects;
    }

    /** How often the policy asked the resolver. */
    public int resolveNows() {
        return resolveNows;
    }

    /** How many timers are set. */
    public int timers() {
        return timers.size();
    }

    /** The hosts of the subchannels that were not shut down, in the order of their creation. */
    public List<String> live() {
        return subConns.stream()
                .filter(subConn -> subConn.state != ConnectivityState.SHUTDOWN)
                .map(subConn -> subConn.host)
                .toList();
    }

    /** The subchannels that were not shut down, in the order of their creation. */
    public List<FakeSubConn> liveSubConns() {
        return subConns.stream()
                .filter(subConn -> subConn.state != ConnectivityState.SHUTDOWN)
                .toList();
    }

    /** The newest subchannel of the host that was not shut down. */
    public FakeSubConn subConn(String host) {
        return subConns.stream()
                .filter(subConn -> subConn.host.equals(host) && subConn.state != ConnectivityState.SHUTDOWN)
                .reduce((first, second) -> second)
                .orElseThrow(() -> new AssertionError("no subchannel of " + host + " among " + live()));
    }

    /** The subchannel that was made last. */
    public FakeSubConn newest() {
        return subConns.get(subConns.size() - 1);
    }

    /** Runs that inside each report of the policy, as a parent would that reacts to it. */
    public void onReport(Runnable reaction) {
        onReport = reaction;
    }

    // ---- What happens ----------------------------------------------------------------------------------------

    /** Runs it as the channel does, with what it puts off behind it. */
    public void run(Runnable event) {
        tasks.add(event);
        if (!running) {
            drain();
        }
    }

    /** Lets time pass; timers run in the order of their times. */
    public void advance(Duration time) {
        long endNs = nowNs + time.toNanos();
        for (Delayed due = nextDue(endNs); due != null; due = nextDue(endNs)) {
            timers.remove(due);
            nowNs = due.atNs;
            run(due.task);
        }
        nowNs = endNs;
    }

    /** The connection of that host is there, and its server, as far as is known, in good health. */
    public void ready(String host) {
        subConn(host).move(ConnectivityState.READY, Status.OK);
    }

    /** The attempt to connect to that host fails. */
    public void fail(String host) {
        fail(host, host + " refused");
    }

    /** The attempt to connect to that host fails for that reason. */
    public void fail(String host, String message) {
        subConn(host).move(ConnectivityState.TRANSIENT_FAILURE, Status.of(StatusCode.UNAVAILABLE, message));
    }

    /** The host may be connected to again. */
    public void backoffOver(String host) {
        subConn(host).move(ConnectivityState.IDLE, Status.OK);
    }

    /** The connection of that host is gone. */
    public void lose(String host) {
        subConn(host).move(ConnectivityState.IDLE, Status.of(StatusCode.UNAVAILABLE, host + " is gone"));
    }

    /** An endpoint with those addresses. */
    public static Endpoint endpoint(String... hosts) {
        return new Endpoint(Arrays.stream(hosts).map(BalancerHarness::address).toList());
    }

    /** Endpoints with one address each. */
    public static List<Endpoint> endpoints(String... hosts) {
        return Arrays.stream(hosts).map(BalancerHarness::endpoint).toList();
    }

    /** The address of a host. */
    public static SocketAddress address(String host) {
        return new InetSocketAddress(host, PORT);
    }

    /** The host of an address; Java spells an IPv6 address in full. */
    public static String host(SocketAddress address) {
        return ((InetSocketAddress) address).getAddress().getHostAddress().replace(":0:0:0:0:0:0:", "::");
    }

    private @Nullable Delayed nextDue(long endNs) {
        return timers.stream()
                .filter(timer -> timer.atNs - endNs <= 0)
                .min(Comparator.comparingLong(timer -> timer.atNs - nowNs))
                .orElse(null);
    }

    private void drain() {
        running = true;
        try {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        } finally {
            running = false;
        }
    }

    /** A subchannel that goes where the test says. */
    public final class FakeSubConn implements SubConn {
        private final String host;
        private final SocketAddress address;
        private final Attributes attributes;
        private final Listener listener;
        private ConnectivityState state = ConnectivityState.IDLE;
        private boolean healthy = true;
        private @Nullable Listener healthListener;
        private @Nullable LoadListener loadListener;
        private @Nullable Duration loadPeriod;

        private FakeSubConn(SocketAddress address, Attributes attributes, Listener listener) {
            this.host = host(address);
            this.address = address;
            this.attributes = attributes;
            this.listener = listener;
        }

        @Override
        public SocketAddress address() {
            return address;
        }

        @Override
        public Attributes attributes() {
            return attributes;
        }

        @Override
        public void connect() {
            if (state == ConnectivityState.IDLE) {
                connects.add(host);
                move(ConnectivityState.CONNECTING, Status.OK);
            }
        }

        @Override
        public void shutdown() {
            state = ConnectivityState.SHUTDOWN;
        }

        @Override
        public void watchHealth(Listener newHealthListener) {
            healthListener = newHealthListener;
        }

        @Override
        public void watchLoad(Duration period, LoadListener newLoadListener) {
            loadPeriod = period;
            loadListener = newLoadListener;
        }

        /** Its state. */
        public ConnectivityState state() {
            return state;
        }

        /** How often load is asked for; null if it is not. */
        public @Nullable Duration loadPeriod() {
            return loadPeriod;
        }

        /** Whether somebody wants to know its health. */
        public boolean isHealthWatched() {
            return healthListener != null;
        }

        /** From the next time that it is READY, health is not known by then. */
        public void withHealthCheck() {
            healthy = false;
        }

        /** Goes to a state, whatever it was, unless it was shut down. */
        public void move(ConnectivityState to, Status status) {
            run(() -> {
                if (state == ConnectivityState.SHUTDOWN) {
                    return;
                }
                state = to;
                listener.onState(to, status);
                if (to == ConnectivityState.READY && state == to && healthListener != null) {
                    healthListener.onState(healthy ? to : ConnectivityState.CONNECTING, Status.OK);
                }
            });
        }

        /** Says something late, after it was shut down. */
        public void tell(ConnectivityState to, Status status) {
            run(() -> listener.onState(to, status));
        }

        /** The server's health is now that. */
        public void health(ConnectivityState health, Status status) {
            run(() -> Objects.requireNonNull(healthListener).onState(health, status));
        }

        /** The server reports its load. */
        public void report(LoadReport report) {
            run(() -> Objects.requireNonNull(loadListener).onReport(report));
        }

        @Override
        public String toString() {
            return host;
        }
    }
}
