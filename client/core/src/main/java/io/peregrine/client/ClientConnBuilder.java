package io.peregrine.client;

import io.netty.channel.EventLoop;
import io.peregrine.allocation.Buffers;
import io.peregrine.allocation.FirstBuffer;
import io.peregrine.client.balancer.LoadBalancerProvider;
import io.peregrine.client.balancer.LoadBalancerRegistry;
import io.peregrine.client.breaker.CircuitBreakerPolicy;
import io.peregrine.client.compression.Codecs;
import io.peregrine.client.config.ServiceConfig;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.connection.ConnectionScaling;
import io.peregrine.client.connection.Preset;
import io.peregrine.client.credentials.CallCredentials;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.interceptor.StreamInterceptor;
import io.peregrine.client.interceptor.UnaryInterceptor;
import io.peregrine.client.internal.CallDispatcher;
import io.peregrine.client.internal.breaker.CircuitBreakers;
import io.peregrine.client.internal.config.ActiveConfig;
import io.peregrine.client.internal.control.ControlPlane;
import io.peregrine.client.internal.control.ControlSettings;
import io.peregrine.client.internal.message.RequestTemplates;
import io.peregrine.client.internal.retry.RetryLimits;
import io.peregrine.client.internal.watch.ServerWatches;
import io.peregrine.client.internal.watch.SubConnCalls;
import io.peregrine.client.resolver.HostPort;
import io.peregrine.client.resolver.NameResolverProvider;
import io.peregrine.client.resolver.NameResolverRegistry;
import io.peregrine.client.resolver.ProxyingResolverProvider;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.transport.http2.DeadlineProbe;
import io.peregrine.transport.http2.Http2Connector;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.SocketTuning;
import io.peregrine.transport.proxy.ProxyRules;
import io.peregrine.transport.proxy.ProxyServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Describes a {@link ClientConn}. Everything is checked in {@link #build()}, which does no I/O (SPEC CH-1). Not safe
 * for use by several threads.
 */
public final class ClientConnBuilder {
    private static final String DEFAULT_SCHEME = "dns";
    private static final int TLS_PORT = 443;
    private static final int PLAINTEXT_PORT = 80;
    private static final int DEFAULT_MAX_INBOUND_BYTES = 4 << 20;
    private static final int DEFAULT_MAX_WAITING_CALLS = 10_000;
    private static final String USER_AGENT = "grpc-java-peregrine/" + version();

    private static final Duration DEFAULT_IDLE_TIMEOUT = Duration.ofMinutes(30);

    /** See {@link ClientConn#globalDefaults}: written and read by any thread, and publishes what it refers to. */
    private static final AtomicReference<@Nullable Consumer<ClientConnBuilder>> GLOBAL_DEFAULTS =
            new AtomicReference<>();

    private final String target;
    private NameResolverRegistry resolvers = NameResolverRegistry.standard();
    private String defaultScheme = DEFAULT_SCHEME;
    private @Nullable ChannelCredentials credentials;
    private @Nullable String authority;
    private @Nullable String applicationName;
    private @Nullable EventLoops eventLoops;
    private boolean callerDriven;
    private @Nullable ProxyRules proxyRules;
    private SocketTuning socketTuning = SocketTuning.defaults();
    private TransportOptions transportOptions = TransportOptions.defaults();
    private @Nullable KeepAliveOptions keepAlive;
    private boolean keepAliveWithoutCalls;
    private @Nullable DeadlineProbe deadlineProbe;
    private ConnectionScaling connectionScaling = ConnectionScaling.single();
    private int maxInboundMessageBytes = DEFAULT_MAX_INBOUND_BYTES;
    private int maxOutboundMessageBytes = Integer.MAX_VALUE;
    private int maxWaitingCalls = DEFAULT_MAX_WAITING_CALLS;
    private Duration idleTimeout = DEFAULT_IDLE_TIMEOUT;
    private boolean healthChecks = true;
    private RetryLimits retryLimits = RetryLimits.DEFAULT;
    private CallOptions defaultOptions = CallOptions.DEFAULT;
    private Codecs codecs = Codecs.defaults();
    private LoadBalancerRegistry policies = LoadBalancerRegistry.standard();
    private @Nullable ServiceConfigSource serviceConfig;
    private boolean serviceConfigLookup = true;
    private @Nullable CircuitBreakerPolicy circuitBreaker;
    private final List<UnaryInterceptor> unaryInterceptors = new ArrayList<>();
    private final List<StreamInterceptor> streamInterceptors = new ArrayList<>();

    static {
        // Before anything else here: building the first channel of a JVM is time enough for the first buffer.
        FirstBuffer.takeAside();
    }

    ClientConnBuilder(String target) {
        this.target = target;
        Consumer<ClientConnBuilder> defaults = GLOBAL_DEFAULTS.get();
        if (defaults != null) {
            defaults.accept(this);
        }
    }

    static @Nullable Consumer<ClientConnBuilder> globalDefaults(@Nullable Consumer<ClientConnBuilder> defaults) {
        return GLOBAL_DEFAULTS.getAndSet(defaults);
    }

    /** How connections are secured. Required: there is no default, so that plaintext is never an accident. */
    public ClientConnBuilder credentials(ChannelCredentials newCredentials) {
        credentials = newCredentials;
        return this;
    }

    /** The {@code :authority} of requests, and the name that TLS verifies; default: from the target (SPEC TG-5). */
    public ClientConnBuilder authority(String newAuthority) {
        authority = newAuthority;
        return this;
    }

    /** A name to put in front of the user agent; default none. */
    public ClientConnBuilder applicationName(String name) {
        applicationName = name;
        return this;
    }

    /**
     * The event loops to run on. They stay open when the channel is closed. Default: the shared ones, released when
     * the channel is closed.
     */
    public ClientConnBuilder eventLoops(EventLoops loops) {
        eventLoops = loops;
        return this;
    }

    /**
     * Whether the threads that wait for calls run the channel's connections themselves, on a loop of its own that ends
     * with it; see {@link EventLoops.Builder#callerDriven} for when to. Default false. Event loops that are given to
     * {@link #eventLoops} decide by themselves.
     */
    public ClientConnBuilder callerDriven(boolean on) {
        callerDriven = on;
        return this;
    }

    /** Socket options; see {@link SocketTuning} for the defaults. */
    public ClientConnBuilder socketTuning(SocketTuning tuning) {
        socketTuning = tuning;
        return this;
    }

    /**
     * Which connections go through a proxy. Default: what the environment says when {@link #build()} is called, see
     * {@link ProxyRules#fromEnvironment()}.
     *
     * <p>A {@code dns} target that goes through a proxy is not looked up here: the proxy gets its name (SPEC PX-2). Of
     * other targets each TCP address that the resolver reports is looked up in the rules; others than TCP addresses
     * need no proxy (PX-3). TLS verifies the target, never the proxy.
     */
    public ClientConnBuilder proxy(ProxyRules rules) {
        proxyRules = rules;
        return this;
    }

    /** Sends every connection through one proxy, whatever the environment says. */
    public ClientConnBuilder proxy(ProxyServer proxy) {
        return proxy(ProxyRules.always(proxy));
    }

    /** Uses no proxy, whatever the environment says. */
    public ClientConnBuilder noProxy() {
        return proxy(ProxyRules.none());
    }

    /** HTTP/2 settings; see {@link TransportOptions} for the defaults. */
    public ClientConnBuilder transportOptions(TransportOptions options) {
        transportOptions = options;
        return this;
    }

    /**
     * Asks a silent server for a sign of life: after {@code time} without a byte from it a PING, after {@code timeout}
     * more the end of the connection, and UNAVAILABLE for its calls. Default off. The time is at least 10 s, the
     * timeout at least 10 ms; lower values are raised, as {@link KeepAliveOptions} says.
     *
     * <p>Ask whoever runs the server before this is used: by default a gRPC server permits one such PING in 5 minutes,
     * and closes the connection after the third that comes sooner, with ENHANCE_YOUR_CALM and {@code too_many_pings}
     * (SPEC KA-7). The channel then logs a warning and doubles the time for its future connections (KA-6).
     *
     * @throws IllegalArgumentException if a duration is not positive
     */
    public ClientConnBuilder keepAlive(Duration time, Duration timeout) {
        keepAlive = new KeepAliveOptions(time, timeout, false);
        return this;
    }

    /**
     * Whether {@link #keepAlive} watches connections without calls as well. Default false: the server is asked when
     * the next call starts. By default a gRPC server permits one such PING in 2 hours (SPEC KA-7).
     */
    public ClientConnBuilder keepAliveWithoutCalls(boolean on) {
        keepAliveWithoutCalls = on;
        return this;
    }

    /**
     * Asks a server whether it is there, with a PING, when so many calls in a row have reached their deadline on one
     * connection without a byte from it, and replaces the connection if it is silent for {@code timeout} more: within
     * milliseconds, where keepalive takes seconds. Default off. {@link DeadlineProbe} says what to choose, and why this
     * does not upset servers that count PINGs. Calls pay nothing for it unless they reach their deadline.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public ClientConnBuilder probeAfterDeadlines(int deadlines, Duration timeout) {
        deadlineProbe = new DeadlineProbe(deadlines, timeout);
        return this;
    }

    /**
     * How many connections there are to each address, and when they are replaced; default {@link
     * ConnectionScaling#single()}, one.
     */
    public ClientConnBuilder connectionScaling(ConnectionScaling scaling) {
        connectionScaling = scaling;
        return this;
    }

    /**
     * Sets keepalive, socket options, HTTP/2 settings and connection scaling as the preset says, in place of what was set
     * before; what is set after it counts.
     */
    public ClientConnBuilder preset(Preset preset) {
        keepAlive = preset.keepAlive();
        socketTuning = preset.socketTuning();
        transportOptions = preset.transportOptions();
        connectionScaling = preset.connectionScaling();
        return this;
    }

    /** The largest response message accepted, in bytes; at least 0, default 4 MiB. Larger: RESOURCE_EXHAUSTED. */
    public ClientConnBuilder maxInboundMessageBytes(int bytes) {
        maxInboundMessageBytes = requireAtLeast("max inbound message bytes", bytes, 0);
        return this;
    }

    /** The largest request message sent, in bytes; at least 0, default no limit. Larger: RESOURCE_EXHAUSTED. */
    public ClientConnBuilder maxOutboundMessageBytes(int bytes) {
        maxOutboundMessageBytes = requireAtLeast("max outbound message bytes", bytes, 0);
        return this;
    }

    /** How many calls may wait for a connection; at least 1, default 10 000. One more: RESOURCE_EXHAUSTED. */
    public ClientConnBuilder maxWaitingCalls(int calls) {
        maxWaitingCalls = requireAtLeast("max waiting calls", calls, 1);
        return this;
    }

    /**
     * After how long without calls the channel lets go of its connections and its resolver, and is idle until the next call;
     * default 30 min, zero for never. Shorter than 1 s means 1 s, and 30 days or more never (SPEC ID-1). It happens at most
     * an eighth of the time later. Costs calls nothing, except that the first one after it connects.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public ClientConnBuilder idleTimeout(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("idle timeout: " + timeout + " (expected: zero or more)");
        }
        idleTimeout = timeout;
        return this;
    }

    /**
     * Whether servers are asked for their health where the service config names a service in {@code healthCheckConfig};
     * default true (gRFC A17). Policies that choose between endpoints leave out those that say that they are not serving;
     * {@code pick_first} by itself does not ask.
     */
    public ClientConnBuilder healthChecks(boolean on) {
        healthChecks = on;
        return this;
    }

    /**
     * The codecs for messages, all of which are offered to the server for its responses; default:
     * {@link Codecs#defaults()}, which is gzip. Requests are compressed if the call
     * {@linkplain CallOptions#withCompressor names a codec}.
     */
    public ClientConnBuilder compression(Codecs newCodecs) {
        codecs = newCodecs;
        return this;
    }

    /**
     * Refuses calls to a method or a back end that fails too often, until it recovers; default never. Such a call ends
     * as UNAVAILABLE, with a message that says whose breaker is open and for how long.
     */
    public ClientConnBuilder circuitBreaker(CircuitBreakerPolicy policy) {
        circuitBreaker = policy;
        return this;
    }

    /**
     * The service config of the channel as long as the resolver brings none; default none. The last call of this
     * method or {@link #serviceConfigJson} counts.
     */
    public ClientConnBuilder serviceConfig(ServiceConfig config) {
        return serviceConfig(ServiceConfigSource.of(config));
    }

    /** As {@link #serviceConfig(ServiceConfig)}, of one that {@link #build()} reads, with the channel's policies. */
    public ClientConnBuilder serviceConfig(ServiceConfigSource source) {
        serviceConfig = source;
        return this;
    }

    /** As {@link #serviceConfig(ServiceConfig)}, in its JSON form, which is read by {@link #build()}. */
    public ClientConnBuilder serviceConfigJson(String json) {
        return serviceConfig(ServiceConfigSource.json(json));
    }

    /** Whether a service config that the resolver brings counts; default true (SPEC SV-10). */
    public ClientConnBuilder serviceConfigLookup(boolean on) {
        serviceConfigLookup = on;
        return this;
    }

    /** Adds a balancing policy that service configs may name, or replaces the one of the same name. */
    public ClientConnBuilder loadBalancer(LoadBalancerProvider provider) {
        policies = policies.with(provider);
        return this;
    }

    /**
     * What calls go by unless their own options say otherwise, before what the service config says; default
     * {@link CallOptions#DEFAULT}. See {@link CallOptions#withDefaults}.
     */
    public ClientConnBuilder defaultOptions(CallOptions options) {
        defaultOptions = options;
        return this;
    }

    /**
     * Whether retry and hedging policies count; default true. A call that no server has seen is sent again either way
     * (SPEC RT-2).
     */
    public ClientConnBuilder retries(boolean on) {
        retryLimits = new RetryLimits(
                on, retryLimits.maxAttempts(), retryLimits.perCallBytes(), retryLimits.perChannelBytes());
        return this;
    }

    /** How many attempts a call has at most, whatever its policy says; at least 1, default 5 (D22). */
    public ClientConnBuilder maxCallAttempts(int attempts) {
        retryLimits = new RetryLimits(
                retryLimits.enabled(),
                requireAtLeast("max call attempts", attempts, 1),
                retryLimits.perCallBytes(),
                retryLimits.perChannelBytes());
        return this;
    }

    /**
     * How many bytes of requests are kept to be sent again, for one call and for all together; at least 0, default
     * 1 MiB and 16 MiB (D23). A call that would keep more is not sent again.
     */
    public ClientConnBuilder retryBufferBytes(int perCall, int perChannel) {
        retryLimits = new RetryLimits(
                retryLimits.enabled(),
                retryLimits.maxAttempts(),
                requireAtLeast("retry buffer bytes of a call", perCall, 0),
                requireAtLeast("retry buffer bytes of a channel", perChannel, 0));
        return this;
    }

    /**
     * Adds an interceptor of unary calls behind those that were added before: the first one added is the outermost, and
     * sees a call first and its end last. Default none, which costs calls nothing.
     */
    public ClientConnBuilder unaryInterceptor(UnaryInterceptor interceptor) {
        unaryInterceptors.add(interceptor);
        return this;
    }

    /** As {@link #unaryInterceptor}, of the calls with streams. */
    public ClientConnBuilder streamInterceptor(StreamInterceptor interceptor) {
        streamInterceptors.add(interceptor);
        return this;
    }

    /** Adds a name resolver, or replaces the one of the same scheme, for this connection. */
    public ClientConnBuilder resolver(NameResolverProvider provider) {
        resolvers = resolvers.with(provider);
        return this;
    }

    /** The scheme of targets that name none that is known; default {@code dns} (SPEC TG-2). */
    public ClientConnBuilder defaultScheme(String scheme) {
        defaultScheme = scheme;
        return this;
    }

    /**
     * Makes the channel, which is idle.
     *
     * @throws IllegalArgumentException if the target, the authority, the service config or the environment's proxy is
     *     malformed, the scheme is unknown, the channel is plaintext and its call credentials demand privacy, or the
     *     machine's I/O backend cannot be {@linkplain #callerDriven caller-driven}
     * @throws IllegalStateException if no credentials were given
     */
    public ClientConn build() {
        ChannelCredentials secured = credentials;
        if (secured == null) {
            throw new IllegalStateException("no credentials for \"" + target
                    + "\" (expected: credentials(TlsCredentials.create()) or"
                    + " credentials(InsecureCredentials.create()))");
        }
        boolean secure = secured.tls() != null;
        Target parsed = Target.parse(target, defaultScheme, resolvers);
        requirePrivacyFor(secured, parsed);
        NameResolverProvider direct = Objects.requireNonNull(resolvers.find(parsed.scheme()));
        ProxyRules rules = proxyRules == null ? ProxyRules.fromEnvironment() : proxyRules;
        NameResolverProvider provider = rules.isEmpty() ? direct : new ProxyingResolverProvider(direct, rules);
        int defaultPort = secure ? TLS_PORT : PLAINTEXT_PORT;
        String named = authority == null ? provider.authority(parsed) : authority;
        String userAgent = applicationName == null ? USER_AGENT : applicationName + ' ' + USER_AGENT;
        RequestTemplates templates = new RequestTemplates(secure, named, userAgent, codecs.acceptEncoding());
        String serverName = HostPort.parse(named, defaultPort).host();

        EventLoops loops = eventLoops == null ? ownLoops() : eventLoops;
        try {
            EventLoop home = loops.next();
            // Made once for its checks; the channel makes its own when it leaves IDLE.
            ResolverContext resolving = ResolverContext.of(defaultPort, home, serviceConfigLookup);
            provider.newResolver(parsed, resolving).close();
            ControlPlane control = new ControlPlane(
                    home,
                    new ControlSettings(
                            parsed.toString(),
                            serverName,
                            authority != null,
                            maxWaitingCalls,
                            idleTimeout,
                            healthChecks),
                    () -> provider.newResolver(parsed, resolving),
                    new ActiveConfig(defaultConfig(), serviceConfigLookup, policies),
                    newConnector(loops, secured));
            control.scaling(connectionScaling);
            control.watches(new ServerWatches(new SubConnCalls(
                    home, Buffers.allocator(), parsed.toString(), templates, codecs, secured.callCredentials())));
            CallDispatcher dispatcher = new CallDispatcher(
                    control.pickers(),
                    home,
                    Buffers.allocator(),
                    parsed.toString(),
                    templates,
                    codecs,
                    secured.callCredentials(),
                    maxInboundMessageBytes,
                    maxOutboundMessageBytes,
                    retryLimits,
                    control);
            if (circuitBreaker != null) {
                dispatcher.circuitBreakers(new CircuitBreakers(circuitBreaker));
            }
            return new ClientConn(
                    parsed.toString(),
                    control,
                    dispatcher,
                    loops,
                    eventLoops == null,
                    defaultOptions,
                    unaryInterceptors,
                    streamInterceptors);
        } catch (RuntimeException refused) {
            if (eventLoops == null) {
                loops.close();
            }
            throw refused;
        }
    }

    /** CR-3 would fail each call. */
    private static void requirePrivacyFor(ChannelCredentials secured, Target parsed) {
        CallCredentials calls = secured.callCredentials();
        if (secured.tls() == null && calls != null && calls.requiresPrivacy()) {
            throw new IllegalArgumentException("call credentials: " + calls + " on the plaintext channel to \"" + parsed
                    + "\" (expected: TlsCredentials, or ones that allow plaintext)");
        }
    }

    /** One loop, whatever the number of connections: a thread drives one loop at a time. */
    private EventLoops ownLoops() {
        return callerDriven ? EventLoops.builder().callerDriven(true).threads(1).build() : EventLoops.shared();
    }

    private @Nullable ServiceConfig defaultConfig() {
        return serviceConfig == null ? null : serviceConfig.parse(policies);
    }

    private Http2Connector newConnector(EventLoops loops, ChannelCredentials secured) {
        KeepAliveOptions set = keepAlive == null ? transportOptions.keepAlive() : keepAlive;
        KeepAliveOptions watched = set == null
                ? null
                : new KeepAliveOptions(set.time(), set.timeout(), set.withoutCalls() || keepAliveWithoutCalls);
        TransportOptions options = deadlineProbe == null
                ? transportOptions
                : transportOptions.toBuilder().deadlineProbe(deadlineProbe).build();
        return new Http2Connector(loops, socketTuning, options, secured.tls()).withKeepAlive(watched);
    }

    private static int requireAtLeast(String what, int value, int lowest) {
        if (value < lowest) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: at least " + lowest + ')');
        }
        return value;
    }

    private static String version() {
        String version = ClientConnBuilder.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }
}
