package io.peregrine.grpcjava.internal.resolver;

import io.grpc.EquivalentAddressGroup;
import io.grpc.InternalConfigSelector;
import io.grpc.NameResolver;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import io.peregrine.client.Status;
import io.peregrine.client.StatusCode;
import io.peregrine.client.config.ServiceConfigSource;
import io.peregrine.client.resolver.Endpoint;
import io.peregrine.client.resolver.Resolution;
import io.peregrine.client.resolver.ResolverContext;
import io.peregrine.client.resolver.Target;
import io.peregrine.grpcjava.internal.StatusBridge;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A resolver of grpc-java's as one of the library's: called in a {@link SynchronizationContext} of its own, as that API
 * promises. Addresses and the service config come over; of the attributes of an address only the authority that it
 * overrides has a meaning here.
 */
final class AdaptedResolver implements io.peregrine.client.resolver.NameResolver {
    private final NameResolver resolver;
    private final Context context;

    AdaptedResolver(NameResolver resolver, Context context) {
        this.resolver = resolver;
        this.context = context;
    }

    /** What serialises the resolver. */
    static final class Context {
        private final SynchronizationContext serialised;

        /** Told what the resolver throws; set before it is started, in the context. */
        private @Nullable Listener listener;

        Context(Target target) {
            this.serialised = new SynchronizationContext((thread, thrown) -> onThrown(target, thrown));
        }

        ResolverSettings.OfChannel args(ResolverContext of) {
            return new ResolverSettings.OfChannel(of.defaultPort(), serialised, of.timer());
        }

        private void onThrown(Target target, Throwable thrown) {
            Listener told = listener;
            if (told != null) {
                told.onError(
                        new Status(StatusCode.UNAVAILABLE, "the resolver of " + target + " threw: " + thrown, thrown));
            }
        }
    }

    @Override
    public void start(Listener listener) {
        context.serialised.execute(() -> {
            context.listener = listener;
            resolver.start(new Results(listener));
        });
    }

    @Override
    public void resolveNow() {
        context.serialised.execute(resolver::refresh);
    }

    @Override
    public void close() {
        context.serialised.execute(() -> {
            // One that was made for its checks, and not started, has nothing to shut down.
            if (context.listener != null) {
                context.listener = null;
                resolver.shutdown();
            }
        });
    }

    /** Takes what the resolver finds. */
    private static final class Results extends NameResolver.Listener2 {
        private final Listener to;

        Results(Listener to) {
            this.to = to;
        }

        @Override
        public void onResult(NameResolver.ResolutionResult result) {
            StatusOr<List<EquivalentAddressGroup>> addresses = result.getAddressesOrError();
            if (!addresses.hasValue()) {
                onError(addresses.getStatus());
            } else if (result.getAttributes().get(InternalConfigSelector.KEY) != null) {
                to.onError(Status.of(
                        StatusCode.UNAVAILABLE,
                        "the resolver chooses the config of each call by a selector of grpc-java's (expected: a service"
                                + " config; xds is for grpc-java's own channels)"));
            } else {
                report(addresses.getValue(), result.getServiceConfig());
            }
        }

        private void report(List<EquivalentAddressGroup> groups, NameResolver.@Nullable ConfigOrError config) {
            List<Endpoint> endpoints = new ArrayList<>(groups.size());
            for (EquivalentAddressGroup group : groups) {
                String foreign = foreignAddress(group);
                if (foreign != null) {
                    to.onError(Status.of(StatusCode.UNAVAILABLE, foreign));
                    return;
                }
                endpoints.add(endpointOf(group));
            }
            Resolution resolution = Resolution.of(endpoints);
            to.onResolution(config == null ? resolution : resolution.withServiceConfig(sourceOf(config)));
        }

        private static @Nullable String foreignAddress(EquivalentAddressGroup group) {
            for (SocketAddress address : group.getAddresses()) {
                if (!(address instanceof InetSocketAddress)) {
                    return "the resolver found " + address + ", a "
                            + address.getClass().getName() + " (expected: an InetSocketAddress)";
                }
            }
            return null;
        }

        private static Endpoint endpointOf(EquivalentAddressGroup group) {
            Endpoint endpoint = new Endpoint(group.getAddresses());
            String authority = group.getAttributes().get(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE);
            return authority == null ? endpoint : endpoint.with(Endpoint.SERVER_NAME, authority);
        }

        private static ServiceConfigSource sourceOf(NameResolver.ConfigOrError config) {
            io.grpc.Status error = config.getError();
            if (error != null) {
                return ServiceConfigSource.wrong(String.valueOf(error.getDescription()));
            }
            return config.getConfig() instanceof ResolverSettings.UnparsedConfig unparsed
                    ? ServiceConfigSource.map(unparsed.json())
                    : ServiceConfigSource.wrong("the resolver brought a config of another parser (expected: what"
                            + " Args.getServiceConfigParser() made)");
        }

        @Override
        public void onError(io.grpc.Status error) {
            to.onError(StatusBridge.toNative(error));
        }
    }
}
