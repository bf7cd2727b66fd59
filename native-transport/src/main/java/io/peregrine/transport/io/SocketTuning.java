package io.peregrine.transport.io;

import static java.util.Objects.requireNonNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The TCP options of client connections. Immutable; {@link #defaults()} suits nearly everyone.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>unit</th><th>default</th><th>range</th><th>change it when</th></tr>
 * <tr><td>{@link Builder#tcpNoDelay tcpNoDelay}</td><td></td><td>true</td><td></td>
 *     <td>never, except to measure what Nagle's algorithm costs</td></tr>
 * <tr><td>{@link Builder#keepAlive keepAlive}</td><td></td><td>true</td><td></td>
 *     <td>a network charges for idle traffic</td></tr>
 * <tr><td>{@link Builder#connectTimeout connectTimeout}</td><td>ms</td><td>20 s</td><td>1 ms..1 h</td>
 *     <td>a dead address should be given up sooner</td></tr>
 * <tr><td>{@link Builder#sendBufferBytes sendBufferBytes}</td><td>bytes</td><td>the system's</td>
 *     <td>1 KiB..1 GiB</td><td>measured: setting it switches off the kernel's own sizing</td></tr>
 * <tr><td>{@link Builder#receiveBufferBytes receiveBufferBytes}</td><td>bytes</td><td>the system's</td>
 *     <td>1 KiB..1 GiB</td><td>measured: setting it switches off the kernel's own sizing</td></tr>
 * <tr><td>{@link Builder#tcpUserTimeout tcpUserTimeout}</td><td>ms</td><td>off</td><td>100 ms..1 h</td>
 *     <td>a peer that vanished must be noticed while data is in flight</td></tr>
 * </table>
 */
public final class SocketTuning {
    private static final Duration MIN_CONNECT_TIMEOUT = Duration.ofMillis(1);
    private static final Duration MIN_USER_TIMEOUT = Duration.ofMillis(100);
    private static final Duration MAX_TIMEOUT = Duration.ofHours(1);
    private static final int MIN_BUFFER_BYTES = 1 << 10;
    private static final int MAX_BUFFER_BYTES = 1 << 30;

    private static final SocketTuning DEFAULTS = builder().build();

    private final boolean tcpNoDelay;
    private final boolean keepAlive;
    private final Duration connectTimeout;
    private final @Nullable Integer sendBufferBytes;
    private final @Nullable Integer receiveBufferBytes;
    private final @Nullable Duration tcpUserTimeout;

    private SocketTuning(Builder builder) {
        tcpNoDelay = builder.tcpNoDelay;
        keepAlive = builder.keepAlive;
        connectTimeout = builder.connectTimeout;
        sendBufferBytes = builder.sendBufferBytes;
        receiveBufferBytes = builder.receiveBufferBytes;
        tcpUserTimeout = builder.tcpUserTimeout;
    }

    /** Returns the defaults of the table above. */
    public static SocketTuning defaults() {
        return DEFAULTS;
    }

    /** Returns a builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Sets the options on a bootstrap whose channel class is {@link IoBackend#channelClass()} of {@code backend}.
     * {@link #tcpUserTimeout()} has an effect with {@link IoBackend#EPOLL} only: the JDK has no such socket option.
     */
    public void applyTo(Bootstrap bootstrap, IoBackend backend) {
        requireNonNull(backend, "backend");
        bootstrap.option(ChannelOption.TCP_NODELAY, tcpNoDelay);
        bootstrap.option(ChannelOption.SO_KEEPALIVE, keepAlive);
        bootstrap.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(connectTimeout.toMillis()));
        if (sendBufferBytes != null) {
            bootstrap.option(ChannelOption.SO_SNDBUF, sendBufferBytes);
        }
        if (receiveBufferBytes != null) {
            bootstrap.option(ChannelOption.SO_RCVBUF, receiveBufferBytes);
        }
        if (tcpUserTimeout != null && backend == IoBackend.EPOLL) {
            bootstrap.option(EpollChannelOption.TCP_USER_TIMEOUT, Math.toIntExact(tcpUserTimeout.toMillis()));
        }
    }

    /** Returns whether small writes leave at once (TCP_NODELAY). */
    public boolean tcpNoDelay() {
        return tcpNoDelay;
    }

    /** Returns whether the kernel probes idle connections (SO_KEEPALIVE). */
    public boolean keepAlive() {
        return keepAlive;
    }

    /** Returns how long one TCP connect may take. */
    public Duration connectTimeout() {
        return connectTimeout;
    }

    /** Returns SO_SNDBUF in bytes; empty: the system's choice. */
    public OptionalInt sendBufferBytes() {
        return sendBufferBytes == null ? OptionalInt.empty() : OptionalInt.of(sendBufferBytes);
    }

    /** Returns SO_RCVBUF in bytes; empty: the system's choice. */
    public OptionalInt receiveBufferBytes() {
        return receiveBufferBytes == null ? OptionalInt.empty() : OptionalInt.of(receiveBufferBytes);
    }

    /** Returns how long sent data may stay unacknowledged before the kernel ends the connection; empty: off. */
    public Optional<Duration> tcpUserTimeout() {
        return Optional.ofNullable(tcpUserTimeout);
    }

    @Override
    public String toString() {
        return "SocketTuning[tcpNoDelay=" + tcpNoDelay + ", keepAlive=" + keepAlive + ", connectTimeout="
                + connectTimeout + ", sendBufferBytes=" + orSystem(sendBufferBytes) + ", receiveBufferBytes="
                + orSystem(receiveBufferBytes) + ", tcpUserTimeout=" + (tcpUserTimeout == null ? "off" : tcpUserTimeout)
                + ']';
    }

    private static String orSystem(@Nullable Integer bytes) {
        return bytes == null ? "system" : bytes.toString();
    }

    /** Collects options; {@link #build()} checks them. Not thread-safe. */
    public static final class Builder {
        private boolean tcpNoDelay = true;
        private boolean keepAlive = true;
        private Duration connectTimeout = Duration.ofSeconds(20);
        private @Nullable Integer sendBufferBytes;
        private @Nullable Integer receiveBufferBytes;
        private @Nullable Duration tcpUserTimeout;

        private Builder() {}

        /**
         * TCP_NODELAY: small writes leave at once instead of waiting for the acknowledgement of earlier ones. Default
         * true. Writes are batched before they reach the socket, so there is nothing for Nagle's algorithm to gain.
         */
        public Builder tcpNoDelay(boolean on) {
            tcpNoDelay = on;
            return this;
        }

        /**
         * SO_KEEPALIVE: the kernel probes an idle connection, on Linux after two hours unless the machine is set up
         * otherwise. Default true. It is the last resort against peers that vanished; HTTP/2 PINGs notice sooner.
         */
        public Builder keepAlive(boolean on) {
            keepAlive = on;
            return this;
        }

        /**
         * How long one TCP connect may take, in whole milliseconds, 1 ms..1 h. Default 20 s, gRPC's minimum connect
         * timeout. Lower it where a refusal to answer means that the address is gone.
         */
        public Builder connectTimeout(Duration timeout) {
            connectTimeout = requireNonNull(timeout, "timeout");
            return this;
        }

        /**
         * SO_SNDBUF in bytes, 1 KiB..1 GiB (the kernel may round and cap it). Default: the system's. Linux sizes the
         * buffer itself unless it is set, so set it only to bound memory, or to fill a long fat pipe that a
         * measurement showed to be starved.
         */
        public Builder sendBufferBytes(int bytes) {
            sendBufferBytes = bytes;
            return this;
        }

        /** SO_RCVBUF in bytes, 1 KiB..1 GiB; the rest as for {@link #sendBufferBytes}. */
        public Builder receiveBufferBytes(int bytes) {
            receiveBufferBytes = bytes;
            return this;
        }

        /**
         * TCP_USER_TIMEOUT: how long sent data may stay unacknowledged before the kernel ends the connection, in whole
         * milliseconds, 100 ms..1 h. Default off, which means about 15 minutes of retransmission on Linux. Epoll only.
         * Set it to the HTTP/2 keepalive timeout (20 s in gRPC) to notice a peer that vanished under load. The
         * kernel counts a connect that is under way as well: a value below {@link #connectTimeout} cuts it short.
         */
        public Builder tcpUserTimeout(Duration timeout) {
            tcpUserTimeout = requireNonNull(timeout, "timeout");
            return this;
        }

        /**
         * Returns the checked options.
         *
         * @throws IllegalArgumentException if an option is out of its range
         */
        public SocketTuning build() {
            checkTimeout("connectTimeout", connectTimeout, MIN_CONNECT_TIMEOUT);
            if (tcpUserTimeout != null) {
                checkTimeout("tcpUserTimeout", tcpUserTimeout, MIN_USER_TIMEOUT);
            }
            checkBuffer("sendBufferBytes", sendBufferBytes);
            checkBuffer("receiveBufferBytes", receiveBufferBytes);
            return new SocketTuning(this);
        }

        private static void checkTimeout(String option, Duration value, Duration least) {
            if (value.compareTo(least) < 0 || value.compareTo(MAX_TIMEOUT) > 0) {
                throw new IllegalArgumentException(
                        option + ": " + value + " (expected: " + least + ".." + MAX_TIMEOUT + ")");
            }
        }

        private static void checkBuffer(String option, @Nullable Integer bytes) {
            if (bytes != null && (bytes < MIN_BUFFER_BYTES || bytes > MAX_BUFFER_BYTES)) {
                throw new IllegalArgumentException(
                        option + ": " + bytes + " (expected: " + MIN_BUFFER_BYTES + ".." + MAX_BUFFER_BYTES + ")");
            }
        }
    }
}
