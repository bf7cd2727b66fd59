package io.peregrine.transport.io;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.channel.uring.IoUringTcpInfo;
import java.util.Optional;

/**
 * What the kernel knows about one TCP connection at one moment: {@code TCP_INFO} of Linux, as far as Netty reads it,
 * which is up to {@code tcpi_total_retrans} (no delivery or pacing rate). Linux counts in segments of at most
 * {@link #sendMssBytes}. Immutable.
 *
 * @param rttUs smoothed round-trip time in microseconds (tcpi_rtt)
 * @param rttVarUs mean deviation of the round-trip time in microseconds (tcpi_rttvar)
 * @param receiveRttUs round-trip time that the receiving side estimates, in microseconds; 0: no estimate yet
 *     (tcpi_rcv_rtt)
 * @param retransmitTimeoutUs the present retransmission timeout in microseconds (tcpi_rto)
 * @param totalRetransmits segments sent again since the connection began (tcpi_total_retrans)
 * @param retransmitsInFlight segments sent again and not yet acknowledged (tcpi_retrans)
 * @param lostSegments segments in flight that are taken for lost (tcpi_lost)
 * @param unackedSegments segments sent and not yet acknowledged (tcpi_unacked)
 * @param sackedSegments of those, segments that the peer acknowledged selectively (tcpi_sacked)
 * @param congestionWindowSegments how many segments may be in flight (tcpi_snd_cwnd)
 * @param slowStartThresholdSegments where slow start ends; 2^31 - 1: not yet found (tcpi_snd_ssthresh)
 * @param sendMssBytes the largest segment sent, in bytes (tcpi_snd_mss)
 * @param pathMtuBytes the path MTU in bytes (tcpi_pmtu)
 * @param sinceDataSentMs milliseconds since data was last sent (tcpi_last_data_sent)
 * @param sinceDataReceivedMs milliseconds since data was last received (tcpi_last_data_recv)
 */
public record TcpTelemetry(
        long rttUs,
        long rttVarUs,
        long receiveRttUs,
        long retransmitTimeoutUs,
        long totalRetransmits,
        long retransmitsInFlight,
        long lostSegments,
        long unackedSegments,
        long sackedSegments,
        long congestionWindowSegments,
        long slowStartThresholdSegments,
        long sendMssBytes,
        long pathMtuBytes,
        long sinceDataSentMs,
        long sinceDataReceivedMs) {

    /**
     * Asks the kernel, which costs one system call. Called on the channel's event loop, so that the socket is not
     * closed meanwhile.
     *
     * @return empty for a socket that is closed or is not TCP, and for backends that cannot ask (kqueue, NIO)
     */
    static Optional<TcpTelemetry> read(Channel channel) {
        assert channel.eventLoop().inEventLoop();
        if (!channel.isActive()) {
            return Optional.empty();
        }
        if (channel instanceof EpollSocketChannel epoll) {
            return Optional.of(of(epoll.tcpInfo()));
        }
        if (channel instanceof IoUringSocketChannel ioUring) {
            return Optional.of(of(ioUring.tcpInfo()));
        }
        return Optional.empty();
    }

    private static TcpTelemetry of(EpollTcpInfo info) {
        return new TcpTelemetry(
                info.rtt(),
                info.rttvar(),
                info.rcvRtt(),
                info.rto(),
                info.totalRetrans(),
                info.retrans(),
                info.lost(),
                info.unacked(),
                info.sacked(),
                info.sndCwnd(),
                info.sndSsthresh(),
                info.sndMss(),
                info.pmtu(),
                info.lastDataSent(),
                info.lastDataRecv());
    }

    private static TcpTelemetry of(IoUringTcpInfo info) {
        return new TcpTelemetry(
                info.rtt(),
                info.rttvar(),
                info.rcvRtt(),
                info.rto(),
                info.totalRetrans(),
                info.retrans(),
                info.lost(),
                info.unacked(),
                info.sacked(),
                info.sndCwnd(),
                info.sndSsthresh(),
                info.sndMss(),
                info.pmtu(),
                info.lastDataSent(),
                info.lastDataRecv());
    }
}
