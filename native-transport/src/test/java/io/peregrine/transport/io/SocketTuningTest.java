package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.uring.IoUringChannelOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class SocketTuningTest {
    /** What {@link #everything()} sets on every backend. */
    private static final Map<ChannelOption<?>, Object> GENERAL = Map.of(
            ChannelOption.TCP_NODELAY, false,
            ChannelOption.SO_KEEPALIVE, false,
            ChannelOption.CONNECT_TIMEOUT_MILLIS, 1_500,
            ChannelOption.SO_SNDBUF, 65_536,
            ChannelOption.SO_RCVBUF, 131_072,
            ChannelOption.IP_TOS, 0xB8);

    @Test
    void setsOnlyWhatTheDefaultsNameAndLeavesTheRestToTheSystem() {
        assertThat(optionsOf(SocketTuning.defaults(), IoBackend.EPOLL))
                .isEqualTo(Map.of(
                        ChannelOption.TCP_NODELAY, true,
                        ChannelOption.SO_KEEPALIVE, true,
                        ChannelOption.CONNECT_TIMEOUT_MILLIS, 20_000));
    }

    @Test
    void setsEveryOptionOnEpoll() {
        Map<ChannelOption<?>, Object> expected = new HashMap<>(GENERAL);
        expected.put(EpollChannelOption.TCP_USER_TIMEOUT, 20_000);
        expected.put(EpollChannelOption.TCP_QUICKACK, true);
        expected.put(EpollChannelOption.SO_BUSY_POLL, 50);
        expected.put(EpollChannelOption.TCP_KEEPIDLE, 60);
        expected.put(EpollChannelOption.TCP_KEEPINTVL, 10);
        expected.put(EpollChannelOption.TCP_KEEPCNT, 3);
        expected.put(EpollChannelOption.TCP_NOTSENT_LOWAT, 16_384L);
        expected.put(ChannelOption.TCP_FASTOPEN_CONNECT, true);

        assertThat(optionsOf(everything(), IoBackend.EPOLL)).isEqualTo(expected);
    }

    @Test
    void setsEveryOptionButBusyPollOnIoUring() {
        Map<ChannelOption<?>, Object> expected = new HashMap<>(GENERAL);
        expected.put(IoUringChannelOption.TCP_USER_TIMEOUT, 20_000);
        expected.put(IoUringChannelOption.TCP_QUICKACK, true);
        expected.put(IoUringChannelOption.TCP_KEEPIDLE, 60);
        expected.put(IoUringChannelOption.TCP_KEEPINTVL, 10);
        expected.put(IoUringChannelOption.TCP_KEEPCNT, 3);
        expected.put(IoUringChannelOption.TCP_NOTSENT_LOWAT, 16_384L);
        expected.put(ChannelOption.TCP_FASTOPEN_CONNECT, true);

        assertThat(optionsOf(everything(), IoBackend.IO_URING)).isEqualTo(expected);
    }

    @Test
    void setsKeepAliveAndQuickAckOfTheJdkOnNio() {
        assertThat(optionsOf(everything(), IoBackend.NIO))
                .containsAllEntriesOf(GENERAL)
                .hasSize(GENERAL.size() + 4)
                .doesNotContainKey(EpollChannelOption.TCP_USER_TIMEOUT);
    }

    @Test
    void setsWhatIsLeftOnKqueue() {
        Map<ChannelOption<?>, Object> expected = new HashMap<>(GENERAL);
        expected.put(ChannelOption.TCP_FASTOPEN_CONNECT, true);

        assertThat(optionsOf(everything(), IoBackend.KQUEUE)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(IoBackend.class)
    void setsNoTcpOptionOnUnixSockets(IoBackend backend) {
        Bootstrap bootstrap = new Bootstrap();

        everything().applyTo(bootstrap, backend, UnixSocketAddress.ofPath("/run/greeter.sock"));

        assertThat(bootstrap.config().options())
                .isEqualTo(Map.of(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS, 1_500,
                        ChannelOption.SO_SNDBUF, 65_536,
                        ChannelOption.SO_RCVBUF, 131_072));
    }

    @Test
    void showsItsOptions() {
        assertThat(SocketTuning.defaults())
                .hasToString("SocketTuning[tcpNoDelay=true, keepAlive=true, connectTimeout=PT20S,"
                        + " sendBufferBytes=system, receiveBufferBytes=system, tcpUserTimeout=off,"
                        + " keepAliveIdle=system, keepAliveInterval=system, keepAliveProbes=system,"
                        + " tcpQuickAck=system, busyPoll=system, notSentLowAtBytes=system, fastOpenConnect=false,"
                        + " trafficClass=0]");
        SocketTuning tuning = everything();
        assertThat(tuning.tcpUserTimeout()).contains(Duration.ofSeconds(20));
        assertThat(tuning.sendBufferBytes()).hasValue(65_536);
        assertThat(tuning.keepAliveIdle()).contains(Duration.ofSeconds(60));
        assertThat(tuning.keepAliveInterval()).contains(Duration.ofSeconds(10));
        assertThat(tuning.keepAliveProbes()).hasValue(3);
        assertThat(tuning.tcpQuickAck()).contains(true);
        assertThat(tuning.busyPoll()).contains(Duration.ofNanos(50_000));
        assertThat(tuning.notSentLowAtBytes()).hasValue(16_384);
        assertThat(tuning.fastOpenConnect()).isTrue();
        assertThat(tuning.trafficClass()).isEqualTo(0xB8);
        assertThat(SocketTuning.defaults().receiveBufferBytes()).isEmpty();
    }

    @Test
    void refusesValuesOutOfRange() {
        assertRefused(
                SocketTuning.builder().connectTimeout(Duration.ZERO),
                "connectTimeout: PT0S (expected: PT0.001S..PT1H)");
        assertRefused(
                SocketTuning.builder().connectTimeout(Duration.ofHours(2)),
                "connectTimeout: PT2H (expected: PT0.001S..PT1H)");
        assertRefused(
                SocketTuning.builder().tcpUserTimeout(Duration.ofMillis(99)),
                "tcpUserTimeout: PT0.099S (expected: PT0.1S..PT1H)");
        assertRefused(SocketTuning.builder().sendBufferBytes(0), "sendBufferBytes: 0 (expected: 1024..1073741824)");
        assertRefused(
                SocketTuning.builder().receiveBufferBytes(-1), "receiveBufferBytes: -1 (expected: 1024..1073741824)");
        assertRefused(
                SocketTuning.builder().keepAliveIdle(Duration.ofMillis(999)),
                "keepAliveIdle: PT0.999S (expected: PT1S..PT9H6M7S)");
        assertRefused(
                SocketTuning.builder().keepAliveInterval(Duration.ofSeconds(32_768)),
                "keepAliveInterval: PT9H6M8S (expected: PT1S..PT9H6M7S)");
        assertRefused(SocketTuning.builder().keepAliveProbes(128), "keepAliveProbes: 128 (expected: 1..127)");
        assertRefused(
                SocketTuning.builder().busyPoll(Duration.ofNanos(999)),
                "busyPoll: PT0.000000999S (expected: PT0.000001S..PT0.01S)");
        assertRefused(SocketTuning.builder().notSentLowAtBytes(0), "notSentLowAtBytes: 0 (expected: 1..2147483647)");
        assertRefused(SocketTuning.builder().trafficClass(256), "trafficClass: 256 (expected: 0..255)");
    }

    private static SocketTuning everything() {
        return SocketTuning.builder()
                .tcpNoDelay(false)
                .keepAlive(false)
                .connectTimeout(Duration.ofMillis(1_500))
                .sendBufferBytes(65_536)
                .receiveBufferBytes(131_072)
                .tcpUserTimeout(Duration.ofSeconds(20))
                .keepAliveIdle(Duration.ofSeconds(60))
                .keepAliveInterval(Duration.ofSeconds(10))
                .keepAliveProbes(3)
                .tcpQuickAck(true)
                .busyPoll(Duration.ofNanos(50_000))
                .notSentLowAtBytes(16_384)
                .fastOpenConnect(true)
                .trafficClass(0xB8)
                .build();
    }

    private static Map<ChannelOption<?>, Object> optionsOf(SocketTuning tuning, IoBackend backend) {
        Bootstrap bootstrap = new Bootstrap();
        tuning.applyTo(bootstrap, backend);
        return bootstrap.config().options();
    }

    private static void assertRefused(SocketTuning.Builder builder, String message) {
        assertThatIllegalArgumentException().isThrownBy(builder::build).withMessage(message);
    }
}
