package io.peregrine.grpcjava;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.grpc.BinaryLog;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelConfigurator;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ClientTransportFilter;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MetricSink;
import io.grpc.NameResolver;
import io.grpc.ProxyDetector;
import io.peregrine.client.ClientConn;
import io.peregrine.client.ClientConnBuilder;
import io.peregrine.client.credentials.InsecureCredentials;
import io.peregrine.client.credentials.TlsCredentials;
import io.peregrine.grpcjava.internal.CallbackThreads;
import io.peregrine.grpcjava.internal.CredentialsOfCalls;
import io.peregrine.grpcjava.internal.FacadeChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
 * {@link UnsupportedOperationException} that names the alternative. Not safe for use by several threads.
 */
@CanIgnoreReturnValue
public final class PeregrineChannelBuilder extends ManagedChannelBuilder<PeregrineChannelBuilder> {
    private static final Duration DEFAULT_KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(20);

    /** Grpc-java's: from here on, keepalive is off. */
    private static final long NEVER_DAYS = 1000;

    private final ClientConnBuilder conn;
    private final List<InterceptorFactory> interceptors = new ArrayList<>();
    private final boolean credentialsGiven;
    private boolean plaintext;
    private Executor executor = CallbackThreads.shared();
    private Executor offloadExecutor = CallbackThreads.shared();
    private @Nullable CallCredentials callCredentials;
    private io.peregrine.client.credentials.@Nullable ChannelCredentials security;
    private @Nullable Duration keepAliveTime;
    private Duration keepAliveTimeout = DEFAULT_KEEP_ALIVE_TIMEOUT;
    private @Nullable BinaryLog binaryLog;

    private PeregrineChannelBuilder(
            String target, io.peregrine.client.credentials.@Nullable ChannelCredentials security) {
        this.conn = ClientConn.builder(target);
        this.security = security;
        this.credentialsGiven = security != null;
    }

    /**
     * Starts to describe a channel that speaks TLS, unless told {@link #usePlaintext} .
     *
     * @param target {@code scheme:[//authority]/endpoint}, or {@code host:port} for {@code dns}
     */
    public static PeregrineChannelBuilder forTarget(String target) {
        return new PeregrineChannelBuilder(target, null);
    }

    /** As {@link #forTarget}, for a name or address and a port. */
    public static PeregrineChannelBuilder forAddress(String name, int port) {
        boolean ipv6 = name.indexOf(':') >= 0 && !name.startsWith("[");
        return forTarget("dns:///" + (ipv6 ? '[' + name + ']' : name) + ':' + port);
    }

    @Override
    public PeregrineChannelBuilder usePlaintext() {
        requireNoCredentials();
        plaintext = true;
        return this;
    }

    /** TLS, which is the default, with the system's trust store. */
    @Override
    public PeregrineChannelBuilder useTransportSecurity() {
        requireNoCredentials();
        plaintext = false;
        return this;
    }

    /** Says what only Peregrine has; runs now, on the builder behind this one. */
    public PeregrineChannelBuilder configure(Consumer<ClientConnBuilder> also) {
        also.accept(conn);
        return this;
    }

    @Override
    public PeregrineChannelBuilder directExecutor() {
        return executor(Runnable::run);
    }

    @Override
    @SuppressWarnings("NullAway") // grpc-java says null for the default
    public PeregrineChannelBuilder executor(Executor newExecutor) {
        executor = newExecutor == null ? CallbackThreads.shared() : newExecutor;
        return this;
    }

    @Override
    @SuppressWarnings("NullAway") // grpc-java says null for the default
    public PeregrineChannelBuilder offloadExecutor(Executor newExecutor) {
        offloadExecutor = newExecutor == null ? CallbackThreads.shared() : newExecutor;
        return this;
    }

    @Override
    public PeregrineChannelBuilder intercept(List<ClientInterceptor> more) {
        more.forEach(interceptor -> interceptors.add(target -> interceptor));
        return this;
    }

    @Override
    public PeregrineChannelBuilder intercept(ClientInterceptor... more) {
        return intercept(Arrays.asList(more));
    }

    @Override
    protected PeregrineChannelBuilder interceptWithTarget(InterceptorFactory factory) {
        interceptors.add(factory);
        return this;
    }

    @Override
    public PeregrineChannelBuilder userAgent(String userAgent) {
        conn.applicationName(userAgent);
        return this;
    }

    @Override
    public PeregrineChannelBuilder overrideAuthority(String authority) {
        conn.authority(authority);
        return this;
    }

    @Override
    public PeregrineChannelBuilder maxInboundMessageSize(int bytes) {
        conn.maxInboundMessageBytes(bytes);
        return this;
    }

    @Override
    public PeregrineChannelBuilder decompressorRegistry(DecompressorRegistry registry) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PeregrineChannelBuilder compressorRegistry(CompressorRegistry registry) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PeregrineChannelBuilder idleTimeout(long value, TimeUnit unit) {
        if (value <= 0) {
            throw new IllegalArgumentException("idle timeout is " + value + ", but must be positive");
        }
        conn.idleTimeout(Duration.ofNanos(unit.toNanos(value)));
        return this;
    }

    @Override
    @Deprecated
    public PeregrineChannelBuilder nameResolverFactory(NameResolver.Factory factory) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PeregrineChannel build() {
        conn.credentials(
                security == null ? (plaintext ? InsecureCredentials.create() : TlsCredentials.create()) : security);
        ClientConn made = conn.build();
        Channel calls = new FacadeChannel(made, executor);
        List<ClientInterceptor> chain = new ArrayList<>();
        interceptors.forEach(factory -> chain.add(factory.newInterceptor(made.target())));
        return new PeregrineChannel(made, executor, ClientInterceptors.intercept(calls, chain));
    }

    private void requireNoCredentials() {
        if (credentialsGiven) {
            throw new IllegalStateException("Cannot change security when using ChannelCredentials");
        }
    }
}
