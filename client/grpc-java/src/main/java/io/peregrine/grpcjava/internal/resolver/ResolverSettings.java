package io.peregrine.grpcjava.internal.resolver;

import io.grpc.ChannelLogger;
import io.grpc.NameResolver;
import io.grpc.NameResolverRegistry;
import io.grpc.ProxyDetector;
import io.grpc.SynchronizationContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a channel's builder gives to resolvers of grpc-java. Safe for use by several threads once it is built. */
public final class ResolverSettings {
    private static final int HTTPS_PORT = 443;
    private static final System.Logger LOG = System.getLogger("io.peregrine.grpcjava.resolver");

    private final Executor offload;
    private final @Nullable ProxyDetector detector;
    private final @Nullable String authority;
    private final NameResolverRegistry registry;
    private final List<Consumer<NameResolver.Args.Builder>> more;

    /**
     * The settings.
     *
     * @param offload where resolvers may block
     * @param detector null for none
     * @param authority the channel's own; null for none
     * @param more adds the arguments of the application
     */
    public ResolverSettings(
            Executor offload,
            @Nullable ProxyDetector detector,
            @Nullable String authority,
            NameResolverRegistry registry,
            List<Consumer<NameResolver.Args.Builder>> more) {
        this.offload = offload;
        this.detector = detector;
        this.authority = authority;
        this.registry = registry;
        this.more = new ArrayList<>(more);
    }

    /** What a channel has for one resolver. */
    record OfChannel(int defaultPort, SynchronizationContext context, ScheduledExecutorService timer) {}

    /**
     * The arguments for one resolver.
     *
     * @param channel null for a resolver that is asked for its authority and never started
     */
    NameResolver.Args args(@Nullable OfChannel channel) {
        OfChannel given = channel == null ? Unstarted.CHANNEL : channel;
        NameResolver.Args.Builder args = NameResolver.Args.newBuilder()
                .setDefaultPort(given.defaultPort)
                .setProxyDetector(detector == null ? address -> null : detector)
                .setSynchronizationContext(given.context)
                .setScheduledExecutorService(given.timer)
                .setServiceConfigParser(new Parser())
                .setChannelLogger(new Logger())
                .setOffloadExecutor(offload)
                .setNameResolverRegistry(registry);
        if (authority != null) {
            args.setOverrideAuthority(authority);
        }
        more.forEach(each -> each.accept(args));
        return args.build();
    }

    /** For resolvers that are not started; made when the first is asked for. */
    private static final class Unstarted {
        static final OfChannel CHANNEL = new OfChannel(
                HTTPS_PORT,
                new SynchronizationContext((thread, thrown) ->
                        LOG.log(System.Logger.Level.WARNING, "a resolver that was not started threw", thrown)),
                Executors.newSingleThreadScheduledExecutor(task -> {
                    Thread thread = new Thread(task, "peregrine-unstarted-resolvers");
                    thread.setDaemon(true);
                    return thread;
                }));
    }

    /** Keeps the JSON: only the channel knows which policies it has. */
    private static final class Parser extends NameResolver.ServiceConfigParser {
        @Override
        public NameResolver.ConfigOrError parseServiceConfig(Map<String, ?> json) {
            return NameResolver.ConfigOrError.fromConfig(new UnparsedConfig(json));
        }
    }

    /** A service config on its way through a resolver. */
    record UnparsedConfig(Map<String, ?> json) {}

    private static final class Logger extends ChannelLogger {
        @Override
        public void log(ChannelLogLevel level, String message) {
            LOG.log(System.Logger.Level.DEBUG, message);
        }

        @Override
        public void log(ChannelLogLevel level, String template, Object... arguments) {
            LOG.log(System.Logger.Level.DEBUG, template, arguments);
        }
    }
}
