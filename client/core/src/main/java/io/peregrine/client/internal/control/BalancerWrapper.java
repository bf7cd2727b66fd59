package io.peregrine.client.internal.control;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.GracefulSwitch;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.balancer.Picker;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.client.resolver.Endpoint;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The policy of a channel that is not idle, one replacing the other gracefully (SPEC LB-3), and the context that policies
 * see.
 *
 * <p>Policies may be foreign. Whatever one throws, in answer to the resolver, in a task of its own or when it is told of a
 * subchannel, is caught here: a channel that is READY keeps its last picker, another one fails its calls with what was
 * thrown. After a backoff the policy is made anew beside the one there is, with the endpoints of the last answer.
 *
 * <p>Confined to the channel's serialised context. What a policy says after this was closed is not heard.
 */
final class BalancerWrapper {
    private static final System.Logger LOG = System.getLogger(BalancerWrapper.class.getName());

    /** A policy that did well for so long begins with the first delay when it throws again; the longest delay. */
    private static final Duration FORGIVEN_AFTER = Duration.ofMinutes(2);

    /** The channel's side. */
    interface Channel {
        /** The policy publishes. */
        void update(ConnectivityState state, Picker picker);

        /** A call picked, and the policy only waits to be asked to connect. */
        Picker newIdlePicker();

        /** The policy, or one of its subchannels, wants another answer. */
        void resolveNow();
    }

    private final String target;
    private final SyncContext context;
    private final SubConnections subConns;
    private final ChannelFailures failures;
    private final Channel channel;
    private final View view = new View();
    private final GracefulSwitch policies = new GracefulSwitch(view);
    private final Backoff delays = new Backoff();
    private @Nullable LoadBalancingPolicy policy;
    private @Nullable List<Endpoint> endpoints;
    private ConnectivityState state = ConnectivityState.CONNECTING;
    private SyncContext.@Nullable ScheduledTask restart;
    private long lastFaultNs;
    private boolean faulty;
    private boolean connectRequested;
    private boolean closed;

    /** What a policy makes while it is made itself; null at other times. */
    private @Nullable List<SubConnection> making;

    BalancerWrapper(
            String target, SyncContext context, SubConnections subConns, ChannelFailures failures, Channel channel) {
        this.target = target;
        this.context = context;
        this.subConns = subConns;
        this.failures = failures;
        this.channel = channel;
    }

    /**
     * The resolver's endpoints are now these, for the policy of the config. Returns why they are of no use; empty if they
     * are, or if the policy is to blame. None at all are an error, which leaves those before in use (RS-2, RS-3).
     */
    String onEndpoints(ServiceConfig config, List<Endpoint> newEndpoints) {
        context.requireInContext();
        if (newEndpoints.isEmpty()) {
            String reason = "name resolution produced zero addresses";
            onResolverError(config, Status.of(StatusCode.UNAVAILABLE, reason));
            return reason;
        }
        endpoints = newEndpoints;
        subConns.healthService(config.healthCheckService());
        boolean useful;
        try {
            boolean unused = use(config.loadBalancing());
            useful = policies.onEndpoints(newEndpoints);
            exitIdleIfRequested();
        } catch (RuntimeException | Error thrown) {
            onFault("took endpoints", thrown);
            return "";
        }
        onWell();
        return useful ? "" : "the policy " + policyName() + " has no use for the addresses of the resolver";
    }

    /** The resolver failed: of interest to a policy without endpoints (RS-2). */
    void onResolverError(ServiceConfig config, Status status) {
        context.requireInContext();
        subConns.healthService(config.healthCheckService());
        guard("was told of the resolver's failure", () -> {
            boolean changed = use(config.loadBalancing());
            List<Endpoint> known = endpoints;
            if (changed && known != null) {
                // Or a policy that is new would know of the failure only, and take the place of one that works.
                boolean unused = policies.onEndpoints(known);
            }
            policies.onResolverError(status);
        });
    }

    /** Begins to connect, as soon as there is a policy with endpoints (CH-3). */
    void exitIdle() {
        context.requireInContext();
        connectRequested = true;
        guard("was asked to connect", this::exitIdleIfRequested);
    }

    /** A call waits. A policy that is still to come will see it pick. */
    void exitIdleForCall() {
        if (endpoints != null) {
            exitIdle();
        }
    }

    /** Ends the policies and their subchannels, those that a policy has forgotten too. */
    void close() {
        context.requireInContext();
        if (closed) {
            return;
        }
        closed = true;
        if (restart != null) {
            restart.cancel();
            restart = null;
        }
        try {
            policies.close();
        } catch (RuntimeException | Error thrown) {
            LOG.log(System.Logger.Level.WARNING, faultOf("was closed", thrown), thrown);
        }
        subConns.shutdown();
    }

    /** Returns whether it is another one, or has another config. */
    private boolean use(LoadBalancingPolicy wanted) {
        boolean changed = !wanted.equals(policy);
        if (changed) {
            // Before it is made: what it throws then is its own.
            policy = wanted;
            stopRestart();
        }
        make(() -> policies.switchTo(wanted));
        return changed;
    }

    /** A policy that throws while it is made leaves nobody to shut down what it has made. */
    private void make(Runnable task) {
        List<SubConnection> made = new ArrayList<>();
        making = made;
        try {
            task.run();
        } catch (RuntimeException | Error thrown) {
            made.forEach(SubConnection::shutdown);
            throw thrown;
        } finally {
            making = null;
        }
    }

    private void exitIdleIfRequested() {
        if (connectRequested && endpoints != null) {
            connectRequested = false;
            policies.exitIdle();
        }
    }

    private String policyName() {
        return policy == null ? "none" : policy.name();
    }

    // ---- Policies that throw ---------------------------------------------------------------------------------

    /** Runs what a policy does; false if it threw. */
    private boolean guard(String what, Runnable task) {
        try {
            task.run();
            return true;
        } catch (RuntimeException | Error thrown) {
            onFault(what, thrown);
            return false;
        }
    }

    private String faultOf(String what, Throwable thrown) {
        return "the policy " + policyName() + " of " + target + " threw when it " + what + ": " + thrown;
    }

    private void onFault(String what, Throwable thrown) {
        String reason = faultOf(what, thrown);
        LOG.log(faulty ? System.Logger.Level.DEBUG : System.Logger.Level.ERROR, reason, thrown);
        if (closed) {
            return;
        }
        faulty = true;
        failures.policy(reason);
        if (state != ConnectivityState.READY) {
            view.updateState(
                    ConnectivityState.TRANSIENT_FAILURE,
                    FixedPicker.failing(new Status(StatusCode.INTERNAL, reason, thrown)));
        }
        restartLater();
    }

    private void restartLater() {
        if (restart != null) {
            return;
        }
        long nowNs = System.nanoTime();
        if (nowNs - lastFaultNs > FORGIVEN_AFTER.toNanos()) {
            delays.reset();
        }
        lastFaultNs = nowNs;
        restart = context.schedule(delays.nextDelayNs(), this::restart);
    }

    /** With what it had: the resolver may have no reason to answer again. */
    private void restart() {
        restart = null;
        LoadBalancingPolicy wanted = policy;
        List<Endpoint> known = endpoints;
        if (wanted == null || known == null) {
            return;
        }
        boolean well = guard("was made anew", () -> {
            make(() -> policies.replaceBy(wanted));
            boolean unused = policies.onEndpoints(known);
            policies.exitIdle();
        });
        if (well) {
            onWell();
        }
    }

    private void onWell() {
        if (faulty && restart == null) {
            faulty = false;
            failures.policy("");
            LOG.log(System.Logger.Level.INFO, "{0}: the policy {1} works again", target, policyName());
        }
    }

    private void stopRestart() {
        if (restart != null) {
            restart.cancel();
            restart = null;
        }
        delays.reset();
    }

    // ---- What policies see -----------------------------------------------------------------------------------

    private final class View implements LoadBalancer.Context {
        private final RandomGenerator random = new SplittableRandom();

        @Override
        public SubConn createSubConn(SocketAddress address, Attributes attributes, SubConn.Listener listener) {
            context.requireInContext();
            SubConnection made = subConns.create(address, attributes, listener, BalancerWrapper.this::tell);
            if (making != null) {
                making.add(made);
            }
            if (closed) {
                made.shutdown();
            }
            return made;
        }

        @Override
        public void updateState(ConnectivityState newState, Picker picker) {
            context.requireInContext();
            if (closed) {
                return;
            }
            state = newState;
            channel.update(newState, connectsWhenAsked(newState, picker) ? channel.newIdlePicker() : picker);
        }

        @Override
        public void resolveNow() {
            context.requireInContext();
            if (!closed) {
                channel.resolveNow();
            }
        }

        @Override
        public LoadBalancer.Timer schedule(Duration delay, Runnable task) {
            return context.schedule(delay.toNanos(), ownTask(task));
        }

        @Override
        public void execute(Runnable task) {
            context.execute(ownTask(task));
        }

        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public RandomGenerator random() {
            return random;
        }

        private Runnable ownTask(Runnable task) {
            Objects.requireNonNull(task);
            return () -> {
                if (!closed) {
                    guard("ran a task of its own", task);
                }
            };
        }
    }

    /** A policy that is idle and only lets calls wait is to be asked; another knows itself what its picks mean. */
    private static boolean connectsWhenAsked(ConnectivityState state, Picker picker) {
        return state == ConnectivityState.IDLE
                && picker instanceof FixedPicker fixed
                && fixed.result() == PickResult.queue();
    }

    /** Tells a policy of one of its subchannels. */
    private void tell(Runnable telling) {
        guard("was told of a subchannel", telling);
    }
}
