package io.peregrine.transport.io;

import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.uring.IoUringChannelOption;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * What one backend calls the TCP options that Netty does not name alike for all of them. Null: the backend cannot set
 * the option.
 *
 * @param userTimeoutMs TCP_USER_TIMEOUT
 * @param quickAck TCP_QUICKACK
 * @param busyPollUs SO_BUSY_POLL
 * @param keepIdleS TCP_KEEPIDLE
 * @param keepIntervalS TCP_KEEPINTVL
 * @param keepCount TCP_KEEPCNT
 * @param notSentLowAtBytes TCP_NOTSENT_LOWAT
 * @param fastOpenConnect TCP_FASTOPEN_CONNECT, or its like
 */
record TcpOptionNames(
        @Nullable ChannelOption<Integer> userTimeoutMs,
        @Nullable ChannelOption<Boolean> quickAck,
        @Nullable ChannelOption<Integer> busyPollUs,
        @Nullable ChannelOption<Integer> keepIdleS,
        @Nullable ChannelOption<Integer> keepIntervalS,
        @Nullable ChannelOption<Integer> keepCount,
        @Nullable ChannelOption<Long> notSentLowAtBytes,
        @Nullable ChannelOption<Boolean> fastOpenConnect) {

    static TcpOptionNames epoll() {
        return new TcpOptionNames(
                EpollChannelOption.TCP_USER_TIMEOUT,
                EpollChannelOption.TCP_QUICKACK,
                EpollChannelOption.SO_BUSY_POLL,
                EpollChannelOption.TCP_KEEPIDLE,
                EpollChannelOption.TCP_KEEPINTVL,
                EpollChannelOption.TCP_KEEPCNT,
                EpollChannelOption.TCP_NOTSENT_LOWAT,
                ChannelOption.TCP_FASTOPEN_CONNECT);
    }

    static TcpOptionNames ioUring() {
        return new TcpOptionNames(
                IoUringChannelOption.TCP_USER_TIMEOUT,
                IoUringChannelOption.TCP_QUICKACK,
                null,
                IoUringChannelOption.TCP_KEEPIDLE,
                IoUringChannelOption.TCP_KEEPINTVL,
                IoUringChannelOption.TCP_KEEPCNT,
                IoUringChannelOption.TCP_NOTSENT_LOWAT,
                ChannelOption.TCP_FASTOPEN_CONNECT);
    }

    static TcpOptionNames kqueue() {
        return new TcpOptionNames(null, null, null, null, null, null, null, ChannelOption.TCP_FASTOPEN_CONNECT);
    }

    /** What the JDK's own sockets know; a platform that lacks one makes Netty log that when a connection is opened. */
    static TcpOptionNames nio() {
        return new TcpOptionNames(
                null,
                NioChannelOption.of(ExtendedSocketOptions.TCP_QUICKACK),
                null,
                NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE),
                NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL),
                NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT),
                null,
                null);
    }
}
