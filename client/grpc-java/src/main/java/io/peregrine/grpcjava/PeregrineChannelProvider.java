package io.peregrine.grpcjava;

import io.grpc.ChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ManagedChannelProvider;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.peregrine.grpcjava.internal.SecurityBridge;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets {@code Grpc.newChannelBuilder} and {@code ManagedChannelBuilder.forTarget} make {@link PeregrineChannel}s. Its
 * priority is 4, below that of grpc-netty, so that an application which has both goes on as before; who wants it to come
 * first sets the system property {@value #PRIORITY_PROPERTY} to 6 or more before the first channel is made. Without
 * another transport on the class path it serves either way.
 */
public final class PeregrineChannelProvider extends ManagedChannelProvider {
    /** The system property with the priority, 0 to 10. */
    public static final String PRIORITY_PROPERTY = "io.peregrine.grpcjava.priority";

    private static final System.Logger LOG = System.getLogger(PeregrineChannelProvider.class.getName());
    private static final int DEFAULT_PRIORITY = 4;
    private static final int MAX_PRIORITY = 10;

    /** For {@link java.util.ServiceLoader}. */
    public PeregrineChannelProvider() {}

    @Override
    protected boolean isAvailable() {
        return true;
    }

    @Override
    protected int priority() {
        return priorityOf(System.getProperty(PRIORITY_PROPERTY));
    }

    static int priorityOf(@Nullable String text) {
        if (text == null) {
            return DEFAULT_PRIORITY;
        }
        try {
            int priority = Integer.parseInt(text.strip());
            if (priority >= 0 && priority <= MAX_PRIORITY) {
                return priority;
            }
        } catch (NumberFormatException notANumber) {
            LOG.log(System.Logger.Level.DEBUG, "the priority is no number", notANumber);
        }
        LOG.log(
                System.Logger.Level.WARNING,
                PRIORITY_PROPERTY + ": \"" + text + "\" (expected: 0..10); " + DEFAULT_PRIORITY + " it is");
        return DEFAULT_PRIORITY;
    }

    @Override
    protected ManagedChannelBuilder<?> builderForAddress(String name, int port) {
        return PeregrineChannelBuilder.forAddress(name, port);
    }

    @Override
    protected ManagedChannelBuilder<?> builderForTarget(String target) {
        return PeregrineChannelBuilder.forTarget(target);
    }

    @Override
    protected NewChannelBuilderResult newChannelBuilder(String target, ChannelCredentials credentials) {
        SecurityBridge.Translated translated = SecurityBridge.toNative(credentials);
        String error = translated.error();
        return error == null
                ? NewChannelBuilderResult.channelBuilder(PeregrineChannelBuilder.of(target, translated))
                : NewChannelBuilderResult.error(error);
    }

    @Override
    protected NewChannelBuilderResult newChannelBuilder(
            String target,
            ChannelCredentials credentials,
            @Nullable NameResolverRegistry registry,
            @Nullable NameResolverProvider provider) {
        NewChannelBuilderResult result = newChannelBuilder(target, credentials);
        if (registry != null && result.getChannelBuilder() instanceof PeregrineChannelBuilder builder) {
            builder.nameResolvers(registry);
        }
        return result;
    }

    @Override
    protected Collection<Class<? extends SocketAddress>> getSupportedSocketAddressTypes() {
        return List.of(InetSocketAddress.class);
    }
}
