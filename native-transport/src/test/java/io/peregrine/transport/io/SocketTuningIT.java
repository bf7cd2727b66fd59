package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the kernel says of a socket whose options were set. */
final class SocketTuningIT {
    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void theKernelHasTheOptionsThatWereSet(IoBackend backend) throws Exception {
        assumeThat(backend.isAvailable()).as(backend.reason()).isTrue();
        SocketTuning tuning = SocketTuning.builder()
                .keepAliveIdle(Duration.ofSeconds(61))
                .keepAliveInterval(Duration.ofSeconds(11))
                .keepAliveProbes(4)
                .tcpUserTimeout(Duration.ofSeconds(21))
                .notSentLowAtBytes(16_384)
                .trafficClass(0xB8)
                .build();
        TcpOptionNames names = backend.tcpOptionNames();

        try (EventLoops loops = EventLoops.create(backend, 1, "tuning");
                LoopbackConnection connection = LoopbackConnection.tcp(loops.next(), backend, tuning)) {
            ChannelConfig config = connection.client().config();
            assertThat(config.getOption(ChannelOption.TCP_NODELAY)).isTrue();
            assertThat(config.getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
            assertThat(config.getOption(ChannelOption.IP_TOS)).isEqualTo(0xB8);
            assertHolds(config, names.keepIdleS(), 61);
            assertHolds(config, names.keepIntervalS(), 11);
            assertHolds(config, names.keepCount(), 4);
            assertHolds(config, names.userTimeoutMs(), 21_000);
            assertHolds(config, names.notSentLowAtBytes(), 16_384L);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = IoBackend.class,
            names = {"EPOLL", "IO_URING"})
    void aConnectionOpensWithTheOptionsThatAreHints(IoBackend backend) throws Exception {
        assumeThat(backend.isAvailable()).as(backend.reason()).isTrue();
        SocketTuning tuning = SocketTuning.builder()
                .tcpQuickAck(true)
                .busyPoll(Duration.ofNanos(50_000))
                .fastOpenConnect(true)
                .build();

        try (EventLoops loops = EventLoops.create(backend, 1, "hints");
                LoopbackConnection connection = LoopbackConnection.tcp(loops.next(), backend, tuning)) {
            assertThat(connection.client().isActive()).isTrue();
            assertThat(connection.client().config().getOption(ChannelOption.TCP_FASTOPEN_CONNECT))
                    .isTrue();
            if (backend == IoBackend.EPOLL) {
                // 0: this process may not raise it above the system's, and the connection opens all the same.
                assertThat(connection.client().config().getOption(EpollChannelOption.SO_BUSY_POLL))
                        .isIn(0, 50);
            }
        }
    }

    private static <T> void assertHolds(ChannelConfig config, @Nullable ChannelOption<T> name, T value) {
        if (name != null) {
            assertThat(config.getOption(name)).as(name.name()).isEqualTo(value);
        }
    }
}
