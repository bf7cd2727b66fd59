package io.peregrine.transport.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SocketTuningTest {
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
        assertThat(optionsOf(everything(), IoBackend.EPOLL))
                .isEqualTo(Map.of(
                        ChannelOption.TCP_NODELAY, false,
                        ChannelOption.SO_KEEPALIVE, false,
                        ChannelOption.CONNECT_TIMEOUT_MILLIS, 1_500,
                        ChannelOption.SO_SNDBUF, 65_536,
                        ChannelOption.SO_RCVBUF, 131_072,
                        EpollChannelOption.TCP_USER_TIMEOUT, 20_000));
    }

    @Test
    void leavesOutTheUserTimeoutThatNioDoesNotKnow() {
        assertThat(optionsOf(everything(), IoBackend.NIO))
                .doesNotContainKey(EpollChannelOption.TCP_USER_TIMEOUT)
                .containsEntry(ChannelOption.SO_SNDBUF, 65_536);
    }

    @Test
    void showsItsOptions() {
        assertThat(SocketTuning.defaults())
                .hasToString("SocketTuning[tcpNoDelay=true, keepAlive=true, connectTimeout=PT20S,"
                        + " sendBufferBytes=system, receiveBufferBytes=system, tcpUserTimeout=off]");
        assertThat(everything().tcpUserTimeout()).contains(Duration.ofSeconds(20));
        assertThat(everything().sendBufferBytes()).hasValue(65_536);
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
    }

    private static SocketTuning everything() {
        return SocketTuning.builder()
                .tcpNoDelay(false)
                .keepAlive(false)
                .connectTimeout(Duration.ofMillis(1_500))
                .sendBufferBytes(65_536)
                .receiveBufferBytes(131_072)
                .tcpUserTimeout(Duration.ofSeconds(20))
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
