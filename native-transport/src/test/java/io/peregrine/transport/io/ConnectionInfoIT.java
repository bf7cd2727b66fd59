package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real connections over loopback. */
final class ConnectionInfoIT {
    private static final long LIMIT_S = 20;

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void tellsAddressesBackendAndTelemetryOfATcpConnection(IoBackend backend) throws Exception {
        assumeThat(backend.isAvailable()).as(backend.reason()).isTrue();
        try (EventLoops loops = EventLoops.create(backend, 1, "info");
                LoopbackConnection connection =
                        LoopbackConnection.tcp(loops.next(), backend, SocketTuning.defaults())) {
            connection.client().writeAndFlush(Unpooled.copyLong(1)).sync();
            InetSocketAddress remote = (InetSocketAddress) connection.peer().getLocalAddress();

            ConnectionInfo info = ConnectionInfo.of(connection.client(), remote).orElseThrow();

            assertThat(info.remoteAddress()).isEqualTo(remote);
            assertThat(info.localAddress())
                    .contains((InetSocketAddress) connection.peer().getRemoteAddress());
            assertThat(info.backend()).isEqualTo(backend);
            assertThat(info.isTls()).isFalse();
            assertThat(info.tlsSession()).isEmpty();
            assertThat(info)
                    .hasToString("ConnectionInfo[" + info.localAddress().orElseThrow() + " -> " + remote + ", "
                            + backend.lowerCaseName() + ", plaintext]");
            Optional<TcpTelemetry> telemetry = await(info);
            if (backend == IoBackend.EPOLL || backend == IoBackend.IO_URING) {
                assertThat(telemetry).hasValueSatisfying(ConnectionInfoIT::isOfALoopbackConnection);
            } else {
                assertThat(telemetry).isEmpty();
            }
        }
    }

    private static void isOfALoopbackConnection(TcpTelemetry telemetry) {
        assertThat(telemetry.rttUs()).isBetween(1L, 5_000_000L);
        assertThat(telemetry.rttVarUs()).isBetween(0L, 5_000_000L);
        assertThat(telemetry.retransmitTimeoutUs()).isBetween(1_000L, 60_000_000L);
        assertThat(telemetry.totalRetransmits()).isZero();
        assertThat(telemetry.retransmitsInFlight()).isZero();
        assertThat(telemetry.lostSegments()).isZero();
        assertThat(telemetry.unackedSegments()).isBetween(0L, 1L);
        assertThat(telemetry.sackedSegments()).isZero();
        assertThat(telemetry.congestionWindowSegments()).isPositive();
        assertThat(telemetry.slowStartThresholdSegments()).isPositive();
        assertThat(telemetry.sendMssBytes()).isBetween(500L, 65_535L);
        assertThat(telemetry.pathMtuBytes()).isGreaterThanOrEqualTo(telemetry.sendMssBytes());
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void aUnixConnectionHasNeitherTelemetryNorALocalName(IoBackend backend, @TempDir Path directory) throws Exception {
        assumeThat(backend.isAvailable()).as(backend.reason()).isTrue();
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("info.sock"));
        UnixSocketAddress remote = UnixSocketAddress.ofPath(address.toString());
        try (EventLoops loops = EventLoops.create(backend, 1, "info");
                LoopbackConnection connection = LoopbackConnection.unix(loops.next(), backend, address)) {
            ConnectionInfo info = ConnectionInfo.of(connection.client(), remote).orElseThrow();

            assertThat(info.backend()).isEqualTo(backend);
            assertThat(info.localAddress()).isEmpty();
            assertThat(await(info)).isEmpty();
            assertThat(info)
                    .hasToString("ConnectionInfo[unix:" + address + ", " + backend.lowerCaseName() + ", plaintext]");
        }
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void staysReadableWhenTheConnectionAndItsLoopAreGone(IoBackend backend) throws Exception {
        assumeThat(backend.isAvailable()).as(backend.reason()).isTrue();
        EventLoops loops = EventLoops.create(backend, 1, "info");
        LoopbackConnection connection = LoopbackConnection.tcp(loops.next(), backend, SocketTuning.defaults());
        InetSocketAddress remote = (InetSocketAddress) connection.peer().getLocalAddress();
        ConnectionInfo info = ConnectionInfo.of(connection.client(), remote).orElseThrow();

        connection.close();
        assertThat(await(info)).isEmpty();
        assertThat(ConnectionInfo.of(connection.client(), remote)).isEmpty();

        loops.close();
        loops.closeFuture().toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
        assertThat(await(info)).isEmpty();
        assertThat(info.localAddress()).isPresent();
    }

    @Test
    void thereIsNoneOfAChannelWithoutASocket() {
        EmbeddedChannel channel = new EmbeddedChannel();

        assertThat(ConnectionInfo.of(channel, channel.remoteAddress())).isEmpty();

        channel.finish();
    }

    private static Optional<TcpTelemetry> await(ConnectionInfo info) throws Exception {
        return info.tcpTelemetry().toCompletableFuture().get(LIMIT_S, TimeUnit.SECONDS);
    }
}
