package io.peregrine.grpcjava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ClientTransportFilter;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MetricInstrument;
import io.grpc.MetricSink;
import io.peregrine.client.ClientConn;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Every option is mapped, or says why not. */
class PeregrineChannelBuilderTest {
    private final PeregrineChannelBuilder builder = PeregrineChannelBuilder.forTarget("dns:///localhost:1");

    @Test
    void everyMethodOfTheBuilderIsOverridden() {
        TreeSet<String> inherited = new TreeSet<>();
        for (Method method : ManagedChannelBuilder.class.getDeclaredMethods()) {
            if (Modifier.isStatic(method.getModifiers()) || method.isSynthetic() || isPrivate(method)) {
                continue;
            }
            boolean own = Arrays.stream(PeregrineChannelBuilder.class.getDeclaredMethods())
                    .anyMatch(mine -> mine.getName().equals(method.getName())
                            && Arrays.equals(mine.getParameterTypes(), method.getParameterTypes()));
            if (!own) {
                inherited.add(method.getName());
            }
        }

        assertThat(inherited).isEmpty();
    }

    private static boolean isPrivate(Method method) {
        return !Modifier.isPublic(method.getModifiers()) && !Modifier.isProtected(method.getModifiers());
    }

    @Test
    void whatHasNoCounterpartNamesTheAlternative() {
        assertThatThrownBy(() -> builder.addTransportFilter(new ClientTransportFilter() {}))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("instead: ");
        assertThatThrownBy(() -> builder.childChannelConfigurator(child -> {}))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("instead: ");
    }

    @Test
    void whatAsksForNothingIsAccepted() {
        builder.maxTraceEvents(10);
        builder.addMetricSink(new MetricSink() {
            @Override
            public Map<String, Boolean> getEnabledMetrics() {
                return Map.of();
            }

            @Override
            public Set<String> getOptionalLabels() {
                return Set.of();
            }

            @Override
            public int getMeasuresSize() {
                return 0;
            }

            @Override
            public void updateMeasures(List<MetricInstrument> instruments) {
                throw new AssertionError("nothing is measured");
            }
        });
        builder.executor(null).offloadExecutor(null).compressorRegistry(null).decompressorRegistry(null);
        build().shutdownNow();
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        assertThatThrownBy(() -> builder.idleTimeout(0, TimeUnit.SECONDS)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.keepAliveTime(0, TimeUnit.SECONDS))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.keepAliveTimeout(-1, TimeUnit.SECONDS))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.maxInboundMessageSize(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.maxInboundMetadataSize(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.retryBufferSize(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.perRpcBufferLimit(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.maxTraceEvents(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.maxRetryAttempts(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void credentialsAndTheirShorthandsExcludeEachOther() {
        PeregrineChannelBuilder secured =
                PeregrineChannelBuilder.forTarget("localhost:1", InsecureChannelCredentials.create());

        assertThatThrownBy(secured::usePlaintext).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(secured::useTransportSecurity).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theAuthorityIsTheTargetsUnlessOverridden() {
        PeregrineChannel plain = build();
        assertThat(plain.authority()).isEqualTo("localhost:1");
        plain.shutdownNow();

        builder.overrideAuthority("greeter.example");
        PeregrineChannel other = build();
        assertThat(other.authority()).isEqualTo("greeter.example");
        other.shutdownNow();
    }

    @Test
    void anAddressMayBeIpv6() {
        PeregrineChannel channel =
                PeregrineChannelBuilder.forAddress("::1", 7).usePlaintext().build();

        assertThat(channel.conn().target()).isEqualTo("dns:///[::1]:7");
        assertThat(channel.authority()).isEqualTo("[::1]:7");
        channel.shutdownNow();
    }

    @Test
    void theServiceConfigIsChecked() {
        assertThatThrownBy(() -> builder.defaultServiceConfig(Map.of("methodConfig", List.of(1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.lang.Integer");
        builder.defaultServiceConfig(Map.of("methodConfig", "many"));
        assertThatThrownBy(this::build).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aPolicyIsOneOfPeregrines() {
        builder.defaultLoadBalancingPolicy("round_robin");
        build().shutdownNow();

        builder.defaultLoadBalancingPolicy("one_of_grpc_javas");
        assertThatThrownBy(this::build)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("one_of_grpc_javas")
                .hasMessageContaining("instead: ");
    }

    @Test
    void whatOnlyPeregrineHasIsConfiguredBehindTheFacade() {
        builder.configure(conn -> conn.maxWaitingCalls(5).authority("mine"));
        PeregrineChannel channel = build();

        ClientConn conn = channel.conn();
        assertThat(conn.authority()).isEqualTo("mine");
        channel.shutdownNow();
    }

    private PeregrineChannel build() {
        return builder.usePlaintext().build();
    }
}
