package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.peregrine.client.CallOptions;
import io.peregrine.client.ConnectivityState;
import io.peregrine.client.Marshallers;
import io.peregrine.client.MethodDescriptor;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.balancer.LoadBalancer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.balancer.LoadBalancingPolicy;
import io.peregrine.client.balancer.PickInfo;
import io.peregrine.client.balancer.PickResult;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.config.json.ConfigObject;
import io.peregrine.client.config.json.ConfigValue;
import io.peregrine.client.internal.config.ActiveConfig;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.NameResolver;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.transport.http2.Http2Connector;
import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.SocketTuning;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What a channel does with the service config of its resolver (SV-10, SV-11, SV-13), with a resolver that says what
 * the test wants, policies that write down what they are told, and a clock that the test moves.
 */
class ControlPlaneConfigTest {
    private static final EventLoops UNUSED = EventLoops.create(1);
    private static final List<Endpoint> A = List.of(Endpoint.of(new InetSocketAddress("10.0.0.1", 1)));
    private static final List<Endpoint> B = List.of(Endpoint.of(new InetSocketAddress("10.0.0.2", 1)));
    private static final ServiceConfigSource WRONG = ServiceConfigSource.json("{\"connectionScaling\": true}");
    private static final String SENTENCE =
            "the service config from the resolver is wrong: $.connectionScaling: true (expected: an object)";

    /** Its loop is the channel's home; the clock stands still until it is moved. */
    private final EmbeddedChannel home = new EmbeddedChannel();

    private final List<String> log = new ArrayList<>();
    private final ScriptedResolver resolver = new ScriptedResolver();
    private final ControlPlane control = newControl(null, true);

    /** Run by a balancer that gets endpoints. */
    private Runnable onEndpoints = () -> {};

    private LoadBalancer.@Nullable Context lastContext;

    @BeforeEach
    void stopTheClock() {
        home.freezeTime();
    }

    @AfterAll
    static void closeTheLoops() {
        UNUSED.close();
    }

    @Test
    void sv10TheFirstAnswerMakesTheBalancerThatItsConfigNames() {
        wake(control);
        assertThat(control.connectivity().state()).isEqualTo(ConnectivityState.CONNECTING);
        assertThat(log).isEmpty();

        resolver.answer(A, config("logging", "x"));

        assertThat(log).containsExactly("new x", "x endpoints 10.0.0.1");
        assertThat(control.connectivity().state()).isEqualTo(ConnectivityState.READY);
    }

    @Test
    void sv10ACallThatPicksSeesTheConfigOfItsPicker() {
        wake(control);
        List<Integer> seen = new ArrayList<>();
        onEndpoints = () -> seen.add(control.serviceConfig().maxConnectionsPerSubchannel());

        resolver.answer(
                A,
                ServiceConfigSource.json("{\"loadBalancingConfig\": [{\"logging\": {}}],"
                        + " \"connectionScaling\": {\"maxConnectionsPerSubchannel\": 7}}"));

        assertThat(seen).containsExactly(7);
    }

    @Test
    void sv10AWrongConfigWithoutOneBeforeFailsCallsWithTheParsersSentence() {
        wake(control);

        resolver.answer(A, WRONG);

        PickResult result = pick();
        assertThat(result.status().code()).isEqualTo(StatusCode.UNAVAILABLE);
        assertThat(result.status().message()).isEqualTo(SENTENCE);
        assertThat(result.isDrop())
                .as("calls that wait for ready go on waiting")
                .isFalse();
        assertThat(control.connectivity().state()).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(control.lastFailure()).isEqualTo(SENTENCE);
        assertThat(log).as("no balancer").isEmpty();
    }

    @Test
    void sv10AWrongConfigIsAskedForAgainWithBackoff() {
        wake(control);
        resolver.answer(A, WRONG);
        assertThat(resolver.asked).isZero();

        advance(799);
        assertThat(resolver.asked).as("before 1 s less a fifth").isZero();
        advance(401);
        assertThat(resolver.asked).as("after 1 s and a fifth").isEqualTo(1);

        resolver.answer(A, WRONG);
        advance(1_279);
        assertThat(resolver.asked).as("before 1.6 s less a fifth").isEqualTo(1);
        advance(641);
        assertThat(resolver.asked).as("after 1.6 s and a fifth").isEqualTo(2);
    }

    @Test
    void sv10AnswersThatComeUnaskedDoNotAddToTheAsking() {
        wake(control);
        resolver.answer(A, WRONG);
        resolver.answer(A, WRONG);
        resolver.answer(A, WRONG);

        advance(1_200);

        assertThat(resolver.asked).isEqualTo(1);
    }

    @Test
    void sv10AGoodConfigEndsTheAskingAndTheFailure() {
        wake(control);
        resolver.answer(A, WRONG);

        resolver.answer(A, config("logging", "x"));
        advance(300_000);

        assertThat(resolver.asked).isZero();
        assertThat(control.connectivity().state()).isEqualTo(ConnectivityState.READY);

        resolver.answer(A, WRONG);
        advance(1_200);
        assertThat(resolver.asked).as("from the first delay again").isEqualTo(1);
    }

    @Test
    void sv10AWrongConfigLeavesTheOneBeforeAndItsEndpointsCount() {
        wake(control);
        resolver.answer(A, config("logging", "x"));
        ServiceConfig before = control.serviceConfig();

        resolver.answer(B, WRONG);

        assertThat(log).containsExactly("new x", "x endpoints 10.0.0.1", "x endpoints 10.0.0.2");
        assertThat(control.serviceConfig()).isSameAs(before);
        assertThat(control.connectivity().state()).isEqualTo(ConnectivityState.READY);
        advance(1_200);
        assertThat(resolver.asked).isEqualTo(1);
    }

    @Test
    void sv10AWrongConfigAtFirstMeansTheDefaultIfThereIsOne() {
        ServiceConfig given = ServiceConfig.builder()
                .loadBalancing(new LoggingPolicy("logging", "given"))
                .build();
        ControlPlane channel = newControl(given, true);
        wake(channel);

        resolver.answer(A, WRONG);

        assertThat(log).containsExactly("new given", "given endpoints 10.0.0.1");
        assertThat(channel.serviceConfig()).isSameAs(given);
        advance(1_200);
        assertThat(resolver.asked).isEqualTo(1);
    }

    @Test
    void sv10WithLookUpOffTheResolversConfigIsNotEvenRead() {
        ServiceConfig given = ServiceConfig.builder()
                .loadBalancing(new LoggingPolicy("logging", "given"))
                .build();
        ControlPlane channel = newControl(given, false);
        wake(channel);

        resolver.answer(A, policies -> {
            throw new AssertionError("read");
        });
        advance(300_000);

        assertThat(log).containsExactly("new given", "given endpoints 10.0.0.1");
        assertThat(resolver.asked).isZero();
    }

    @Test
    void sv10AResolverThatKnowsOfNoConfigsIsAsEver() {
        ServiceConfig given = ServiceConfig.builder()
                .loadBalancing(new LoggingPolicy("logging", "given"))
                .build();
        wake(newControl(given, true));

        resolver.listener().onEndpoints(A);

        assertThat(log).containsExactly("new given", "given endpoints 10.0.0.1");
    }

    @Test
    void sv11AnErrorBeforeAnyConfigReachesTheBalancerOfTheDefault() {
        ServiceConfig given = ServiceConfig.builder()
                .loadBalancing(new LoggingPolicy("logging", "given"))
                .build();
        wake(newControl(given, true));

        resolver.listener().onError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));

        assertThat(log).containsExactly("new given", "given error SERVFAIL");
    }

    @Test
    void sv11AnErrorAfterAWrongConfigMakesABalancerThatFails() {
        wake(control);
        resolver.answer(A, WRONG);

        resolver.listener().onError(Status.of(StatusCode.UNAVAILABLE, "SERVFAIL"));

        assertThat(pick().status().message()).isEqualTo("SERVFAIL");
    }

    @Test
    void sv13AnEqualConfigLeavesTheBalancerAlone() {
        wake(control);
        resolver.answer(A, config("logging", "x"));

        resolver.answer(B, config("logging", "x"));

        assertThat(log).containsExactly("new x", "x endpoints 10.0.0.1", "x endpoints 10.0.0.2");
    }

    @Test
    void sv13AnotherConfigOfThePolicyIsTakenInPlace() {
        wake(control);
        resolver.answer(A, config("logging", "x"));

        resolver.answer(B, config("logging", "y"));

        assertThat(log).containsExactly("new x", "x endpoints 10.0.0.1", "x is now y", "y endpoints 10.0.0.2");
    }

    @Test
    void sv13AnotherPolicyReplacesTheBalancerWhichIsHeardNoMore() {
        wake(control);
        resolver.answer(A, config("logging", "x"));
        LoadBalancer.Context first = Objects.requireNonNull(lastContext);
        log.clear();

        resolver.answer(B, config("other", "y"));
        assertThat(log).containsExactly("new y", "y endpoints 10.0.0.2", "x closed");

        resolver.inContext = () -> first.updateState(ConnectivityState.TRANSIENT_FAILURE, info -> PickResult.queue());
        resolver.answer(B, WRONG);
        assertThat(control.connectivity().state()).isEqualTo(ConnectivityState.READY);
    }

    @Test
    void ch11AfterShutdownNobodyIsAsked() {
        wake(control);
        resolver.answer(A, WRONG);

        control.shutdownNow();
        advance(300_000);

        assertThat(resolver.asked).isZero();
        assertThat(resolver.closed).isTrue();
        assertThat(control.terminated()).isDone();
    }

    @Test
    void ch2MoreCallsWhileThereIsNoBalancerStartNoSecondResolver() {
        control.exitIdle();
        control.exitIdle();
        resolver.answer(A, WRONG);
        control.exitIdle();

        assertThat(resolver.started).isEqualTo(1);
    }

    private static ServiceConfigSource config(String policy, String name) {
        return ServiceConfigSource.json(
                "{\"loadBalancingConfig\": [{\"" + policy + "\": {\"name\": \"" + name + "\"}}]}");
    }

    private LoadBalancerProvider provider(String policy) {
        return new LoadBalancerProvider() {
            @Override
            public String name() {
                return policy;
            }

            @Override
            public LoadBalancingPolicy parse(ConfigObject config, LoadBalancerRegistry policies) {
                ConfigValue name = config.field("name");
                return new LoggingPolicy(policy, name.isPresent() ? name.asString() : "");
            }
        };
    }

    private ControlPlane newControl(@Nullable ServiceConfig given, boolean lookup) {
        LoadBalancerRegistry policies =
                LoadBalancerRegistry.standard().with(provider("logging")).with(provider("other"));
        return new ControlPlane(
                home.eventLoop(),
                ControlSettings.of("test:///", "test", 10),
                () -> resolver,
                new ActiveConfig(given, lookup, policies),
                new Http2Connector(UNUSED, SocketTuning.defaults(), TransportOptions.defaults(), null));
    }

    private void advance(long millis) {
        home.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        home.runPendingTasks();
        home.runScheduledPendingTasks();
    }

    /** A call comes. */
    private static void wake(ControlPlane channel) {
        assertThat(pick(channel)).isSameAs(PickResult.queue());
    }

    private PickResult pick() {
        return pick(control);
    }

    private static PickResult pick(ControlPlane channel) {
        return channel.pickers().current().pick(new PickInfo() {
            @Override
            public MethodDescriptor<?, ?> method() {
                return MethodDescriptor.unary("a.B/Say", Marshallers.bytes(), Marshallers.bytes());
            }

            @Override
            public CallOptions options() {
                return CallOptions.DEFAULT;
            }
        });
    }

    /** Says nothing of its own accord. */
    private static final class ScriptedResolver implements NameResolver {
        private @Nullable Listener listener;
        int started;
        int asked;
        boolean closed;

        /** Run by the channel in its context, when it reads the next config. */
        Runnable inContext = () -> {};

        Listener listener() {
            return Objects.requireNonNull(listener);
        }

        void answer(List<Endpoint> endpoints, ServiceConfigSource source) {
            listener().onResolution(Resolution.of(endpoints).withServiceConfig(policies -> {
                inContext.run();
                return source.parse(policies);
            }));
        }

        @Override
        public void start(Listener newListener) {
            started++;
            listener = newListener;
        }

        @Override
        public void resolveNow() {
            asked++;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /** Makes balancers that are READY at once and log what they are told. */
    private final class LoggingPolicy implements LoadBalancingPolicy {
        private final String policy;
        private final String name;

        LoggingPolicy(String policy, String name) {
            this.policy = policy;
            this.name = name;
        }

        @Override
        public String name() {
            return policy;
        }

        @Override
        public LoadBalancer newBalancer(LoadBalancer.Context context) {
            lastContext = context;
            log.add("new " + name);
            return new LoggingBalancer(this, context);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof LoggingPolicy that && policy.equals(that.policy) && name.equals(that.name);
        }

        @Override
        public int hashCode() {
            return Objects.hash(policy, name);
        }
    }

    private final class LoggingBalancer implements LoadBalancer {
        private final Context context;
        private LoggingPolicy config;

        LoggingBalancer(LoggingPolicy config, Context context) {
            this.config = config;
            this.context = context;
        }

        @Override
        public boolean onEndpoints(List<Endpoint> endpoints) {
            InetSocketAddress address =
                    (InetSocketAddress) endpoints.get(0).addresses().get(0);
            log.add(config.name + " endpoints " + address.getHostString());
            onEndpoints.run();
            context.updateState(ConnectivityState.READY, info -> PickResult.queue());
            return true;
        }

        @Override
        public boolean tryReconfigure(LoadBalancingPolicy policy) {
            if (!policy.name().equals(config.name())) {
                return false;
            }
            LoggingPolicy next = (LoggingPolicy) policy;
            log.add(config.name + " is now " + next.name);
            config = next;
            return true;
        }

        @Override
        public void onResolverError(Status status) {
            log.add(config.name + " error " + status.message());
        }

        @Override
        public void exitIdle() {
            log.add(config.name + " exits idle");
        }

        @Override
        public void close() {
            log.add(config.name + " closed");
        }
    }
}
