package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.EquivalentAddressGroup;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InternalConfigSelector;
import io.grpc.LoadBalancer;
import io.grpc.ManagedChannel;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.ProxiedSocketAddress;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Resolvers and proxy detectors that were written for grpc-java. */
class ResolversIT {
    private static final NameResolver.Args.Key<String> ZONE = NameResolver.Args.Key.create("zone");

    private EchoServer server;
    private final List<ManagedChannel> channels = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        server = EchoServer.start();
    }

    @AfterEach
    void stop() throws Exception {
        for (ManagedChannel channel : channels) {
            channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        }
        server.close();
    }

    @Test
    void aRegisteredProviderResolvesItsScheme() {
        Registered provider = new Registered(args -> result(List.of(address()), null));
        NameResolverRegistry.getDefaultRegistry().register(provider);
        try {
            ManagedChannel channel = keep(PeregrineChannelBuilder.forTarget("registered:///echo")
                    .setNameResolverArg(ZONE, "here")
                    .usePlaintext()
                    .build());

            assertThat(channel.authority()).isEqualTo("echo.service");
            assertThat(unary(channel, "x")).isEqualTo("x");
            assertThat(provider.asked)
                    .isNotEmpty()
                    .allSatisfy(args -> assertThat(args.getArg(ZONE)).isEqualTo("here"));
        } finally {
            NameResolverRegistry.getDefaultRegistry().deregister(provider);
        }
    }

    @Test
    void aRegistryOfItsOwnIsUsed() {
        NameResolverRegistry registry = new NameResolverRegistry();
        registry.register(new Registered(args -> result(List.of(address()), null)));
        PeregrineChannelProvider provider = new PeregrineChannelProvider();
        ManagedChannel channel = keep(
                provider.newChannelBuilder("registered:///echo", InsecureChannelCredentials.create(), registry, null)
                        .getChannelBuilder()
                        .build());

        assertThat(unary(channel, "x")).isEqualTo("x");
        assertThat(Grpc.newChannelBuilder("registered:///echo", InsecureChannelCredentials.create(), registry))
                .isNotNull();
    }

    @Test
    void theServiceConfigOfAResolverCounts() {
        Map<String, ?> config =
                Map.of("methodConfig", List.of(Map.of("name", List.of(Map.of()), "maxRequestMessageBytes", 1.0)));
        ManagedChannel channel = keep(over(new Registered(
                args -> result(List.of(address()), args.getServiceConfigParser().parseServiceConfig(config)))));

        assertThat(unary(channel, "x")).isEqualTo("x");
        assertThatThrownBy(() -> unary(channel, "xx"))
                .hasRootCauseMessage("RESOURCE_EXHAUSTED: message too large 2 > 1");
    }

    @Test
    void aResolverThatFailsFailsTheCalls() {
        ManagedChannel channel = keep(over(new Registered(args -> NameResolver.ResolutionResult.newBuilder()
                .setAddressesOrError(StatusOr.fromStatus(Status.UNAVAILABLE.withDescription("nobody is home")))
                .build())));

        assertThatThrownBy(() -> unary(channel, "x"))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("nobody is home");
    }

    @Test
    void aResolverThatThrowsFailsTheCalls() {
        ManagedChannel channel = keep(over(new Registered(args -> {
            throw new IllegalStateException("broken");
        })));

        assertThatThrownBy(() -> unary(channel, "x"))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("broken");
    }

    @Test
    void aConfigSelectorOfGrpcJavaIsRefusedWithTheReason() {
        InternalConfigSelector selector = new InternalConfigSelector() {
            @Override
            public Result selectConfig(LoadBalancer.PickSubchannelArgs call) {
                throw new AssertionError("not asked");
            }
        };
        ManagedChannel channel = keep(over(new Registered(args -> result(List.of(address()), null).toBuilder()
                .setAttributes(Attributes.newBuilder()
                        .set(InternalConfigSelector.KEY, selector)
                        .build())
                .build())));

        assertThatThrownBy(() -> unary(channel, "x"))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("xds");
    }

    @Test
    @SuppressWarnings("deprecation") // the option is
    void aFactoryResolvesWhateverTheTargetIs() {
        ManagedChannel channel = keep(PeregrineChannelBuilder.forTarget("anything")
                .nameResolverFactory(new Registered(args -> result(List.of(address()), null)))
                .usePlaintext()
                .build());

        assertThat(unary(channel, "x")).isEqualTo("x");
    }

    @Test
    void aProxyDetectorIsAskedForTheNameOfATarget() {
        BlockingQueue<SocketAddress> asked = new LinkedBlockingQueue<>();
        ManagedChannel direct = keep(PeregrineChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .proxyDetector(name -> {
                    asked.add(name);
                    return null;
                })
                .build());
        assertThat(unary(direct, "x")).isEqualTo("x");
        InetSocketAddress name = (InetSocketAddress) RecordedCall.next(asked);
        assertThat(name.isUnresolved()).isTrue();
        assertThat(name.getPort()).isEqualTo(server.port());

        ManagedChannel failing = keep(PeregrineChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .proxyDetector(any -> {
                    throw new IOException("no idea");
                })
                .build());
        assertThatThrownBy(() -> unary(failing, "x"))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("no idea");
    }

    @Test
    void aProxyOfAnotherKindIsRefusedWithTheReason() {
        ManagedChannel channel = keep(PeregrineChannelBuilder.forTarget(server.target())
                .usePlaintext()
                .proxyDetector(any -> new ProxiedSocketAddress() {})
                .build());

        assertThatThrownBy(() -> unary(channel, "x"))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("HTTP CONNECT");
    }

    // ---- Parts -----------------------------------------------------------------------------------------------

    @SuppressWarnings("deprecation") // the shortest way
    private static ManagedChannel over(Registered provider) {
        return PeregrineChannelBuilder.forTarget("registered:///echo")
                .nameResolverFactory(provider)
                .usePlaintext()
                .build();
    }

    private ManagedChannel keep(ManagedChannel channel) {
        channels.add(channel);
        return channel;
    }

    private SocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    }

    private static String unary(ManagedChannel channel, String message) {
        return ClientCalls.blockingUnaryCall(channel, EchoServer.UNARY, CallOptions.DEFAULT, message);
    }

    private static NameResolver.ResolutionResult result(
            List<SocketAddress> addresses, NameResolver.@Nullable ConfigOrError config) {
        NameResolver.ResolutionResult.Builder result = NameResolver.ResolutionResult.newBuilder()
                .setAddressesOrError(StatusOr.fromValue(List.of(new EquivalentAddressGroup(addresses))));
        return config == null ? result.build() : result.setServiceConfig(config).build();
    }

    /** Answers each time that it is asked. */
    private static final class Registered extends NameResolverProvider {
        private final BlockingQueue<NameResolver.Args> asked = new LinkedBlockingQueue<>();
        private final Function<NameResolver.Args, NameResolver.ResolutionResult> answer;

        Registered(Function<NameResolver.Args, NameResolver.ResolutionResult> answer) {
            this.answer = answer;
        }

        @Override
        protected boolean isAvailable() {
            return true;
        }

        @Override
        protected int priority() {
            return 5;
        }

        @Override
        public String getDefaultScheme() {
            return "registered";
        }

        @Override
        public NameResolver newNameResolver(URI target, NameResolver.Args args) {
            asked.add(args);
            return new NameResolver() {
                private @Nullable Listener2 listener;

                @Override
                public String getServiceAuthority() {
                    return "echo.service";
                }

                @Override
                public void start(Listener2 to) {
                    listener = to;
                    refresh();
                }

                @Override
                public void refresh() {
                    args.getSynchronizationContext().throwIfNotInThisSynchronizationContext();
                    Objects.requireNonNull(listener).onResult(answer.apply(args));
                }

                @Override
                public void shutdown() {
                    args.getSynchronizationContext().throwIfNotInThisSynchronizationContext();
                }
            };
        }
    }
}
