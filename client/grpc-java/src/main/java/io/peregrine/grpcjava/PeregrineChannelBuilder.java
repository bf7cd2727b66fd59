package io.peregrine.grpcjava;

import io.grpc.BinaryLog;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelConfigurator;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ClientTransportFilter;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MetricSink;
import io.grpc.NameResolver;
import io.grpc.NameResolverRegistry;
import io.grpc.ProxyDetector;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.credentials.ChannelCredentials;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.grpcjava.internal.CallbackThreads;
import io.peregrine.grpcjava.internal.CodecsBridge;
import io.peregrine.grpcjava.internal.CredentialsOfCalls;
import io.peregrine.grpcjava.internal.FacadeChannel;
import io.peregrine.grpcjava.internal.SecurityBridge;
import io.peregrine.grpcjava.internal.ServiceConfigMap;
import io.peregrine.grpcjava.internal.resolver.ResolverChoice;
import io.peregrine.transport.http2.TransportOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Describes a {@link PeregrineChannel} in grpc-java's words: the only line that changes for who has stubs already.
 *
 * <pre>{@code
 * ManagedChannel channel = PeregrineChannelBuilder.forTarget("dns:///greeter.internal:443").build();
 * GreeterGrpc.GreeterBlockingStub greeter = GreeterGrpc.newBlockingStub(channel);
 * }</pre>
 *
 * <p>What grpc-java has no word for is said to {@link #configure}. What has no counterpart here throws an
 * {@link UnsupportedOperationException} that names the alternative. A value out of range throws an
 * {@link IllegalArgumentException}, here or in {@link #build()}. Not safe for use by several threads.
 */
public final class PeregrineChannelBuilder extends ManagedChannelBuilder<PeregrineChannelBuilder> {
    private static final int DEFAULT_KEEP_ALIVE_TIMEOUT_SECONDS = 20;

    /** From so much on, grpc-java takes keepalive as switched off. */
    private static final Duration KEEP_ALIVE_NEVER = Duration.ofDays(1000 * 365L);

    private static final int DEFAULT_RETRY_BYTES = 1 << 20;
    private static final int DEFAULT_CHANNEL_RETRY_BYTES = 16 << 20;

    private final ClientConnBuilder conn;
    private final ResolverChoice resolvers;
    private final List<InterceptorFactory> interceptors = new ArrayList<>();
    private @Nullable ChannelCredentials credentials;
    private final @Nullable CallCredentials callCredentials;
    private boolean plaintext;
    private Executor executor = CallbackThreads.shared();
    private CompressorRegistry compressors = CompressorRegistry.getDefaultInstance();
    private DecompressorRegistry decompressors = DecompressorRegistry.getDefaultInstance();
    private @Nullable Duration keepAliveTime;
    private Duration keepAliveTimeout = Duration.ofSeconds(DEFAULT_KEEP_ALIVE_TIMEOUT_SECONDS);
    private int maxRetryAttempts;
    private int maxHedgedAttempts;
    private long retryBytes = DEFAULT_RETRY_BYTES;
    private long channelRetryBytes = DEFAULT_CHANNEL_RETRY_BYTES;
    private @Nullable Map<String, ?> serviceConfig;
    private @Nullable String policy;
    private @Nullable BinaryLog binaryLog;

    private PeregrineChannelBuilder(
            String target, @Nullable ChannelCredentials credentials, @Nullable CallCredentials callCredentials) {
        this.conn = ClientConn.builder(target);
        this.resolvers = new ResolverChoice(target);
        this.credentials = credentials;
        this.callCredentials = callCredentials;
    }

    // ---- Beginnings ------------------------------------------------------------------------------------------

    /**
     * Starts to describe a channel that speaks TLS, unless told to {@link #usePlaintext}.
     *
     * @param target {@code scheme:[//authority]/endpoint}, or {@code host:port} for {@code dns}
     */
    public static PeregrineChannelBuilder forTarget(String target) {
        return new PeregrineChannelBuilder(target, null, null);
    }

    /** As {@link #forTarget(String)}, for a host name or IP address and a port. */
    public static PeregrineChannelBuilder forAddress(String name, int port) {
        return forTarget(targetOf(name, port));
    }

    /**
     * Starts to describe a channel with grpc-java's credentials: TLS, insecure, composite, or a choice of them.
     *
     * @throws IllegalArgumentException if they cannot be used, with the reason
     */
    public static PeregrineChannelBuilder forTarget(String target, io.grpc.ChannelCredentials credentials) {
        SecurityBridge.Translated translated = SecurityBridge.toNative(credentials);
        if (translated.error() != null) {
            throw new IllegalArgumentException(translated.error());
        }
        return of(target, translated);
    }

    /** As {@link #forTarget(String, io.grpc.ChannelCredentials)}, for a host name or IP address and a port. */
    public static PeregrineChannelBuilder forAddress(String name, int port, io.grpc.ChannelCredentials credentials) {
        return forTarget(targetOf(name, port), credentials);
    }

    static PeregrineChannelBuilder of(String target, SecurityBridge.Translated translated) {
        return new PeregrineChannelBuilder(target, translated.security(), translated.calls());
    }

    private static String targetOf(String name, int port) {
        boolean ipv6 = name.indexOf(':') >= 0 && !name.startsWith("[");
        return "dns:///" + (ipv6 ? '[' + name + ']' : name) + ':' + port;
    }

    /** Says what only Peregrine has; runs now, on the builder behind this one, and what is said last counts. */
    public PeregrineChannelBuilder configure(Consumer<ClientConnBuilder> also) {
        also.accept(conn);
        return this;
    }

    // ---- Security --------------------------------------------------------------------------------------------

    /** @throws IllegalStateException if there are credentials */
    @Override
    public PeregrineChannelBuilder usePlaintext() {
        requireNoCredentials();
        plaintext = true;
        return this;
    }

    /**
     * TLS with the system's trust store, which is the default.
     *
     * @throws IllegalStateException if there are credentials
     */
    @Override
    public PeregrineChannelBuilder useTransportSecurity() {
        requireNoCredentials();
        plaintext = false;
        return this;
    }

    /** Secures connections as Peregrine's own credentials say, in place of what was said before. */
    public PeregrineChannelBuilder credentials(ChannelCredentials newCredentials) {
        credentials = Objects.requireNonNull(newCredentials, "newCredentials");
        return this;
    }

    @Override
    public PeregrineChannelBuilder overrideAuthority(String authority) {
        conn.authority(authority);
        resolvers.authority(authority);
        return this;
    }

    private void requireNoCredentials() {
        if (credentials != null) {
            throw new IllegalStateException("Cannot change security when using ChannelCredentials");
        }
    }

    // ---- Threads ---------------------------------------------------------------------------------------------

    /** Listeners then run on the event loop, and must not block. */
    @Override
    public PeregrineChannelBuilder directExecutor() {
        return executor(Runnable::run);
    }

    /** @param newExecutor where listeners run; null for the default, threads of the library, as many as there is work */
    @Override
    public PeregrineChannelBuilder executor(@Nullable Executor newExecutor) {
        executor = newExecutor == null ? CallbackThreads.shared() : newExecutor;
        return this;
    }

    /** @param newExecutor where resolvers and proxy detectors of grpc-java may block; null for the default */
    @Override
    public PeregrineChannelBuilder offloadExecutor(@Nullable Executor newExecutor) {
        resolvers.offload(newExecutor == null ? CallbackThreads.shared() : newExecutor);
        return this;
    }

    // ---- What stands between -------------------------------------------------------------------------------

    @Override
    public PeregrineChannelBuilder intercept(List<ClientInterceptor> more) {
        more.forEach(each -> interceptors.add(target -> each));
        return this;
    }

    @Override
    public PeregrineChannelBuilder intercept(ClientInterceptor... more) {
        return intercept(Arrays.asList(more));
    }

    @Override
    protected PeregrineChannelBuilder interceptWithTarget(InterceptorFactory factory) {
        interceptors.add(Objects.requireNonNull(factory, "factory"));
        return this;
    }

    /** Stands behind the interceptors, and sees what they made of each call. */
    @Override
    public PeregrineChannelBuilder setBinaryLog(@Nullable BinaryLog log) {
        binaryLog = log;
        return this;
    }

    /** Put in front of the library's own. */
    @Override
    public PeregrineChannelBuilder userAgent(String userAgent) {
        conn.applicationName(userAgent);
        return this;
    }

    /** As it stands when {@link #build()} is called; of a codec, the name that {@link #decompressorRegistry} has counts. */
    @Override
    public PeregrineChannelBuilder compressorRegistry(@Nullable CompressorRegistry registry) {
        compressors = registry == null ? CompressorRegistry.getDefaultInstance() : registry;
        return this;
    }

    /** What is advertised is offered to the server; what is not, is not there. */
    @Override
    public PeregrineChannelBuilder decompressorRegistry(@Nullable DecompressorRegistry registry) {
        decompressors = registry == null ? DecompressorRegistry.getDefaultInstance() : registry;
        return this;
    }

    // ---- Limits and connections ------------------------------------------------------------------------------

    @Override
    public PeregrineChannelBuilder maxInboundMessageSize(int bytes) {
        conn.maxInboundMessageBytes(bytes);
        return this;
    }

    /** Replaces HTTP/2 settings that were made with {@link #configure} before. */
    @Override
    public PeregrineChannelBuilder maxInboundMetadataSize(int bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("max inbound metadata size: " + bytes + " (expected: 1 or more)");
        }
        conn.transportOptions(
                TransportOptions.builder().maxHeaderListBytes(bytes).build());
        return this;
    }

    @Override
    public PeregrineChannelBuilder idleTimeout(long value, TimeUnit unit) {
        conn.idleTimeout(positive("idle timeout", value, unit));
        return this;
    }

    @Override
    public PeregrineChannelBuilder keepAliveTime(long value, TimeUnit unit) {
        Duration time = positive("keepalive time", value, unit);
        keepAliveTime = time.compareTo(KEEP_ALIVE_NEVER) >= 0 ? null : time;
        return this;
    }

    @Override
    public PeregrineChannelBuilder keepAliveTimeout(long value, TimeUnit unit) {
        keepAliveTimeout = positive("keepalive timeout", value, unit);
        return this;
    }

    @Override
    public PeregrineChannelBuilder keepAliveWithoutCalls(boolean enable) {
        conn.keepAliveWithoutCalls(enable);
        return this;
    }

    private static Duration positive(String what, long value, TimeUnit unit) {
        if (value <= 0) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: 1 or more)");
        }
        return Duration.of(value, unit.toChronoUnit());
    }

    // ---- Retries and service config --------------------------------------------------------------------------

    @Override
    public PeregrineChannelBuilder enableRetry() {
        conn.retries(true);
        return this;
    }

    @Override
    public PeregrineChannelBuilder disableRetry() {
        conn.retries(false);
        return this;
    }

    /** There is one limit for retries and hedges; if both are given, the larger one counts. */
    @Override
    public PeregrineChannelBuilder maxRetryAttempts(int attempts) {
        maxRetryAttempts = attempts;
        conn.maxCallAttempts(Math.max(maxRetryAttempts, maxHedgedAttempts));
        return this;
    }

    /** See {@link #maxRetryAttempts}. */
    @Override
    public PeregrineChannelBuilder maxHedgedAttempts(int attempts) {
        maxHedgedAttempts = attempts;
        conn.maxCallAttempts(Math.max(maxRetryAttempts, maxHedgedAttempts));
        return this;
    }

    /** What all calls together keep to be sent again. */
    @Override
    public PeregrineChannelBuilder retryBufferSize(long bytes) {
        channelRetryBytes = bytes;
        return retryBytes();
    }

    @Override
    public PeregrineChannelBuilder perRpcBufferLimit(long bytes) {
        retryBytes = bytes;
        return retryBytes();
    }

    private PeregrineChannelBuilder retryBytes() {
        if (retryBytes <= 0 || channelRetryBytes <= 0) {
            throw new IllegalArgumentException(
                    "retry buffer: " + Math.min(retryBytes, channelRetryBytes) + " bytes (expected: 1 or more)");
        }
        conn.retryBufferBytes(
                (int) Math.min(retryBytes, Integer.MAX_VALUE), (int) Math.min(channelRetryBytes, Integer.MAX_VALUE));
        return this;
    }

    /** Read by {@link #build()}, which throws if it is wrong. */
    @Override
    public PeregrineChannelBuilder defaultServiceConfig(@Nullable Map<String, ?> config) {
        serviceConfig = config == null ? null : ServiceConfigMap.copyOf(config);
        return this;
    }

    @Override
    public PeregrineChannelBuilder disableServiceConfigLookUp() {
        conn.serviceConfigLookup(false);
        return this;
    }

    /**
     * One of Peregrine's policies, for a channel whose default service config names none: one that the resolver brings
     * and that names none means {@code pick_first}. Balancers that are written for grpc-java do not run here.
     */
    @Override
    public PeregrineChannelBuilder defaultLoadBalancingPolicy(String name) {
        policy = Objects.requireNonNull(name, "name");
        return this;
    }

    // ---- Resolvers and proxies -------------------------------------------------------------------------------

    /** Resolves the target, whatever its scheme, with what the factory makes. */
    @Override
    @Deprecated
    public PeregrineChannelBuilder nameResolverFactory(NameResolver.Factory factory) {
        resolvers.factory(factory);
        return this;
    }

    /** Reaches resolvers that are written for grpc-java; Peregrine's own do not know it. */
    @Override
    public <X> PeregrineChannelBuilder setNameResolverArg(NameResolver.Args.Key<X> key, X value) {
        resolvers.argument(key, value);
        return this;
    }

    /** Asked for each {@code dns} target, in place of the environment's proxy. */
    @Override
    public PeregrineChannelBuilder proxyDetector(@Nullable ProxyDetector detector) {
        resolvers.detector(detector);
        return this;
    }

    PeregrineChannelBuilder nameResolvers(NameResolverRegistry registry) {
        resolvers.registry(registry);
        return this;
    }

    // ---- What diagnoses --------------------------------------------------------------------------------------

    /** Accepted: the channel keeps no trace events, which is within every limit. See {@link ClientConn#lastFailure}. */
    @Override
    public PeregrineChannelBuilder maxTraceEvents(int events) {
        if (events < 0) {
            throw new IllegalArgumentException("trace events: " + events + " (expected: 0 or more)");
        }
        return this;
    }

    /**
     * Accepted, and told nothing: the instruments of a sink are those of grpc-java's balancers and its xDS client, none of
     * which is at work here. What interceptors measure does not go through it.
     */
    @Override
    protected PeregrineChannelBuilder addMetricSink(MetricSink sink) {
        Objects.requireNonNull(sink, "sink");
        return this;
    }

    /** @throws UnsupportedOperationException always */
    @Override
    public PeregrineChannelBuilder addTransportFilter(ClientTransportFilter filter) {
        throw new UnsupportedOperationException("addTransportFilter: connections have no attributes to filter here"
                + " (instead: PeregrineChannel.conn().connections(), or ClientCall.getAttributes())");
    }

    /** @throws UnsupportedOperationException always */
    @Override
    public PeregrineChannelBuilder childChannelConfigurator(ChannelConfigurator configurator) {
        throw new UnsupportedOperationException("childChannelConfigurator: the channel makes no channels of its own"
                + " (instead: ClientConn.globalDefaults(...) for all channels of the process)");
    }

    // ---- The end ---------------------------------------------------------------------------------------------

    /**
     * Makes the channel, which is idle; does no I/O.
     *
     * @throws UnsupportedOperationException if the {@link #defaultLoadBalancingPolicy} is none of Peregrine's
     * @throws IllegalArgumentException if the target, the authority or the service config is malformed, or the scheme or a
     *     policy is unknown
     */
    @Override
    public PeregrineChannel build() {
        conn.credentials(security());
        conn.compression(CodecsBridge.toNative(compressors, decompressors));
        if (keepAliveTime != null) {
            conn.keepAlive(keepAliveTime, keepAliveTimeout);
        }
        if (serviceConfig != null || policy != null) {
            conn.serviceConfig(ServiceConfigMap.source(serviceConfig, policy));
        }
        resolvers.applyTo(conn);
        ClientConn made = conn.build();
        return new PeregrineChannel(made, executor, interceptedCalls(made));
    }

    private ChannelCredentials security() {
        ChannelCredentials given = credentials;
        if (given == null) {
            given = plaintext ? InsecureCredentials.create() : TlsCredentials.create();
        }
        return callCredentials == null
                ? given
                : given.withCallCredentials(new CredentialsOfCalls(callCredentials, CallOptions.DEFAULT, executor));
    }

    /** The interceptor that was added last sees a call first, as grpc-java has it. */
    private Channel interceptedCalls(ClientConn made) {
        Channel calls = new FacadeChannel(made, executor);
        if (binaryLog != null) {
            calls = binaryLog.wrapChannel(calls);
        }
        List<ClientInterceptor> chain = new ArrayList<>();
        for (InterceptorFactory factory : interceptors) {
            ClientInterceptor interceptor = factory.newInterceptor(made.target());
            if (interceptor != null) {
                chain.add(interceptor);
            }
        }
        return ClientInterceptors.intercept(calls, chain);
    }
}
