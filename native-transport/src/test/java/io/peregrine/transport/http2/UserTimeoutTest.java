package io.peregrine.transport.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.peregrine.transport.io.EventLoops;
import io.peregrine.transport.io.IoBackend;
import io.peregrine.transport.io.SocketTuning;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** SPEC KA-5: with keepalive the kernel gives up unacknowledged data when keepalive would give up an answer. */
class UserTimeoutTest {
    @Test
    void ka5KeepAliveSetsTheUserTimeoutToItsTimeout() throws Exception {
        assertThat(userTimeoutMs(SocketTuning.defaults(), Duration.ofSeconds(20)))
                .isEqualTo(20_000);
    }

    @Test
    void ka5WithoutKeepAliveThereIsNone() throws Exception {
        assertThat(userTimeoutMs(SocketTuning.defaults(), null)).isNull();
    }

    @Test
    void ka5ASocketOptionOfTheCallerPrevails() throws Exception {
        SocketTuning tuned =
                SocketTuning.builder().tcpUserTimeout(Duration.ofSeconds(7)).build();

        assertThat(userTimeoutMs(tuned, Duration.ofSeconds(20))).isEqualTo(7000);
    }

    @Test
    void ka5StaysWithinTheRangeOfTheOption() throws Exception {
        assertThat(userTimeoutMs(SocketTuning.defaults(), Duration.ofMillis(10)))
                .isEqualTo(100);
        assertThat(userTimeoutMs(SocketTuning.defaults(), Duration.ofDays(2))).isEqualTo(3_600_000);
    }

    @Test
    void ka5OtherSocketOptionsStayAsTheCallerChoseThem() throws Exception {
        SocketTuning tuned = SocketTuning.builder().tcpNoDelay(false).build();

        assertThat(options(tuned, Duration.ofSeconds(20))).containsEntry(ChannelOption.TCP_NODELAY, false);
    }

    private static @Nullable Object userTimeoutMs(SocketTuning tuning, @Nullable Duration keepAliveTimeout)
            throws Exception {
        return options(tuning, keepAliveTimeout).get(EpollChannelOption.TCP_USER_TIMEOUT);
    }

    private static Map<ChannelOption<?>, Object> options(SocketTuning tuning, @Nullable Duration keepAliveTimeout)
            throws Exception {
        assumeTrue(IoBackend.EPOLL.isAvailable(), IoBackend.EPOLL.reason());
        EventLoops loops = EventLoops.create(IoBackend.EPOLL, 1, "user-timeout");
        try {
            Bootstrap bootstrap = new Bootstrap();
            KeepAliveOptions keepAlive = keepAliveTimeout == null
                    ? null
                    : new KeepAliveOptions(Duration.ofMinutes(5), keepAliveTimeout, false);
            new Http2Connector(loops, tuning, TransportOptions.defaults(), null)
                    .withKeepAlive(keepAlive)
                    .tune(bootstrap);
            return bootstrap.config().options();
        } finally {
            loops.close();
            loops.closeFuture().toCompletableFuture().get(20, TimeUnit.SECONDS);
        }
    }
}
