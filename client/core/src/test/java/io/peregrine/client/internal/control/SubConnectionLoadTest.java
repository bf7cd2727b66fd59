package io.peregrine.client.internal.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.peregrine.client.ConnectivityState;
import io.peregrine.client.balancer.LoadReport;
import io.peregrine.client.balancer.SubConn;
import io.peregrine.client.internal.FakeTransport;
import io.peregrine.client.resolver.Attributes;
import io.peregrine.testkit.VirtualTimer;
import io.peregrine.transport.http2.ClientTransport;
import io.peregrine.transport.http2.TransportListener;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** WR-7: a subchannel asks for load whenever it is READY, and at no other time. */
class SubConnectionLoadTest {
    private static final SocketAddress ADDRESS = new InetSocketAddress(InetAddress.getLoopbackAddress(), 443);

    private final VirtualTimer timer = new VirtualTimer();
    private final SyncContext context = new SyncContext(timer, thrown -> {
        throw new AssertionError(thrown);
    });
    private final List<FakeTransport> opened = new ArrayList<>();
    private final List<String> watched = new ArrayList<>();
    private final List<Throwable> thrownWhenTold = new ArrayList<>();
    private SubConn.@Nullable LoadListener reports;
    private Runnable onReady = () -> {};
    private final SubConnection subConnection = new SubConnection(
            ADDRESS, Attributes.EMPTY, new AddressBackoff(), context, new Channel(), (state, status) -> {
                if (state == ConnectivityState.READY) {
                    onReady.run();
                }
            });

    @Test
    void wr7StartsWhenReadyAndStopsWhenNot() {
        watch(Duration.ofSeconds(1));
        assertThat(watched).containsExactly("stop PT1S");

        connect();
        assertThat(watched).endsWith("start PT1S");

        last().listener().onDraining("GOAWAY");
        assertThat(watched).endsWith("stop PT1S");

        connect();
        assertThat(watched).endsWith("start PT1S");
        context.execute(subConnection::shutdown);
        assertThat(watched).endsWith("stop PT1S");
    }

    @Test
    void wr7AWatchThatBeginsLateStartsAtOnceAndReplacesTheOneBefore() {
        connect();

        watch(Duration.ofSeconds(1));
        watch(Duration.ofSeconds(2));

        assertThat(watched).containsExactly("start PT1S", "stop PT1S", "start PT2S");
    }

    @Test
    void wr7IsNotStartedForASubchannelThatItsListenerShutsDown() {
        onReady = subConnection::shutdown;
        watch(Duration.ofSeconds(1));

        connect();

        assertThat(watched).doesNotContain("start PT1S").endsWith("stop PT1S");
    }

    /** The policy's fault, which the channel knows how to live with, and not one of the control plane. */
    @Test
    void ch12AListenerOfReportsThatThrowsDoesSoWhereThePolicyIsToldThings() {
        IllegalStateException fault = new IllegalStateException("policy fault");
        context.execute(() -> subConnection.watchLoad(Duration.ofSeconds(1), report -> {
            throw fault;
        }));
        connect();

        context.execute(() ->
                Objects.requireNonNull(reports).onReport(new LoadReport(0, 0, 0, 0, 0, Map.of(), Map.of(), Map.of())));

        assertThat(thrownWhenTold).containsExactly(fault);
    }

    @Test
    void wr7BelongsToTheSerialisedContext() {
        assertThatIllegalStateException()
                .isThrownBy(() -> subConnection.watchLoad(Duration.ofSeconds(1), report -> {}));
    }

    private void watch(Duration period) {
        context.execute(() -> subConnection.watchLoad(period, report -> {}));
    }

    private void connect() {
        context.execute(subConnection::connect);
        last().listener().onReady();
    }

    private FakeTransport last() {
        return opened.get(opened.size() - 1);
    }

    private final class Channel implements SubConnection.Channel {
        @Override
        public ClientTransport open(SocketAddress address, long backoffNs, TransportListener listener) {
            FakeTransport transport = new FakeTransport(address);
            transport.listener = listener;
            opened.add(transport);
            return transport;
        }

        @Override
        public void resolveNow() {}

        @Override
        public void tell(Runnable telling) {
            try {
                telling.run();
            } catch (RuntimeException thrown) {
                thrownWhenTold.add(thrown);
            }
        }

        @Override
        public SubConnWatches watches() {
            return new Recorded();
        }

        @Override
        public void onTransportClosed(ClientTransport transport) {}
    }

    private final class Recorded implements SubConnWatches {
        @Override
        public Watch load(SubConnection subConn, SyncContext on, Duration period, SubConn.LoadListener listener) {
            reports = listener;
            return new Watch() {
                @Override
                public void start() {
                    watched.add("start " + period);
                }

                @Override
                public void stop() {
                    watched.add("stop " + period);
                }
            };
        }

        @Override
        public Watch health(SubConnection subConn, SyncContext on, String service, SubConn.Listener listener) {
            throw new AssertionError("nobody asks for health");
        }
    }
}
