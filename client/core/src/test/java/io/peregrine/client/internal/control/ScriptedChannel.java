package io.peregrine.client.internal.control;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.FixedPicker;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.internal.config.ActiveConfig;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.transport.http2.Http2Connector;
import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.SocketTuning;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A control plane whose resolvers and policies do what the test says, on a clock that the test moves. */
final class ScriptedChannel {
    static final String TARGET = "scripted:///any";
    private static final EventLoops UNUSED = EventLoops.create(1);
    private static final MethodDescriptor<byte[], byte[]> METHOD =
            MethodDescriptor.unary("a.B/Say", Marshallers.bytes(), Marshallers.bytes());

    final EmbeddedChannel home = new EmbeddedChannel();
    final List<Resolver> resolvers = new ArrayList<>();
    final List<Balancer> balancers = new ArrayList<>();
    final List<String> log = new ArrayList<>();
    final ControlPlane control;

    /** What resolvers and policies throw, and when; nulls are nothing. */
    @Nullable
    RuntimeException onNewResolver;

    @Nullable
    RuntimeException onStart;

    @Nullable
    Throwable onNewBalancer;

    @Nullable
    Throwable onEndpoints;

    /** What a policy does while it is made. */
    Consumer<Balancer> whenMade = balancer -> {};

    /** What a policy does with endpoints. */
    Consumer<Balancer> whenEndpointsCome =
            balancer -> balancer.context.updateState(ConnectivityState.READY, picker(balancer.policy.name()));

    boolean usefulEndpoints = true;

    ScriptedChannel() {
        this(ControlSettings.of(TARGET, "any", 10));
    }

    ScriptedChannel(ControlSettings settings) {
        control = new ControlPlane(
                home.eventLoop(),
                settings,
                this::newResolver,
                new ActiveConfig(config("scripted"), true, LoadBalancerRegistry.standard()),
                new Http2Connector(UNUSED, SocketTuning.defaults(), TransportOptions.defaults(), null));
        home.freezeTime();
    }

    /** A config whose policy is scripted. */
    ServiceConfig config(String policy) {
        return ServiceConfig.builder().loadBalancing(new Policy(policy)).build();
    }

    static List<Endpoint> endpoints(String... hosts) {
        return Arrays.stream(hosts)
                .map(host -> Endpoint.of(new InetSocketAddress(host, 1)))
                .toList();
    }

    /** A picker that fails with that name: a result that a test can recognise. */
    static FixedPicker picker(String name) {
        return new FixedPicker(PickResult.fail(Status.of(StatusCode.UNAVAILABLE, name)));
    }

    Resolver resolver() {
        return resolvers.get(resolvers.size() - 1);
    }

    Balancer balancer() {
        return balancers.get(balancers.size() - 1);
    }

    ConnectivityState state() {
        return control.connectivity().state();
    }

    /** Picks as a call does. */
    PickResult pick() {
        return control.pickers().current().pick(new PickInfo() {
            @Override
            public MethodDescriptor<?, ?> method() {
                return METHOD;
            }

            @Override
            public CallOptions options() {
                return CallOptions.DEFAULT;
            }
        });
    }

    String pickedMessage() {
        return pick().status().message();
    }

    void advance(Duration time) {
        home.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        home.runScheduledPendingTasks();
        home.runPendingTasks();
    }

    private NameResolver newResolver() {
        if (onNewResolver != null) {
            throw onNewResolver;
        }
        Resolver made = new Resolver();
        resolvers.add(made);
        return made;
    }

    /** Says what the test says. */
    final class Resolver implements NameResolver {
        private @Nullable Listener listener;
        ConnectivityState stateAtStart = ConnectivityState.IDLE;
        int hints;
        int retries;
        int resets;
        boolean closed;

        @Nullable
        RuntimeException onAsked;

        @Override
        public void start(Listener newListener) {
            listener = newListener;
            stateAtStart = state();
            if (onStart != null) {
                throw onStart;
            }
        }

        Listener listener() {
            return Objects.requireNonNull(listener);
        }

        void answer(String... hosts) {
            listener().onEndpoints(endpoints(hosts));
        }

        void answer(ServiceConfig config, String... hosts) {
            listener().onResolution(Resolution.of(endpoints(hosts)).withServiceConfig(policies -> config));
        }

        void fail(String message) {
            listener().onError(Status.of(StatusCode.UNAVAILABLE, message));
        }

        @Override
        public void resolveNow() {
            hints++;
            if (onAsked != null) {
                throw onAsked;
            }
        }

        @Override
        public void retry() {
            retries++;
            if (onAsked != null) {
                throw onAsked;
            }
        }

        @Override
        public void resetBackoff() {
            resets++;
        }

        @Override
        public void close() {
            closed = true;
            log.add("resolver closed in " + state());
        }
    }

    private final class Policy implements LoadBalancingPolicy {
        private final String name;

        Policy(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public LoadBalancer newBalancer(LoadBalancer.Context context) {
            Balancer made = new Balancer(this, context);
            balancers.add(made);
            whenMade.accept(made);
            raise(onNewBalancer);
            return made;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Policy that && name.equals(that.name);
        }

        @Override
        public int hashCode() {
            return name.hashCode();
        }
    }

    private static void raise(@Nullable Throwable thrown) {
        if (thrown instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (thrown instanceof Error error) {
            throw error;
        }
    }

    /** Does what the test says, and writes down what it is told. */
    final class Balancer implements LoadBalancer {
        final Policy policy;
        final Context context;
        final List<List<Endpoint>> seen = new ArrayList<>();
        final List<Status> errors = new ArrayList<>();
        int exitIdles;
        boolean closed;

        Balancer(Policy policy, Context context) {
            this.policy = policy;
            this.context = context;
        }

        @Override
        public boolean onEndpoints(List<Endpoint> endpoints) {
            seen.add(endpoints);
            raise(onEndpoints);
            whenEndpointsCome.accept(this);
            return usefulEndpoints;
        }

        @Override
        public void onResolverError(Status status) {
            errors.add(status);
            if (seen.isEmpty()) {
                context.updateState(ConnectivityState.TRANSIENT_FAILURE, FixedPicker.failing(status));
            }
        }

        @Override
        public void exitIdle() {
            exitIdles++;
        }

        @Override
        public void close() {
            closed = true;
            log.add("policy closed in " + state());
        }
    }
}
