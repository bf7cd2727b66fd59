package io.peregrine.transport.io;

import static java.util.Objects.requireNonNull;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.unix.DomainSocketAddress;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The socket options of client connections. Immutable; {@link #defaults()} suits nearly everyone.
 *
 * <p>"All" backends are epoll, io_uring, kqueue and NIO. An option that the backend in use lacks is left out, since the
 * same program runs on several, and that is logged once at {@code DEBUG}; an option that the kernel refuses is left
 * out too, and Netty logs that at {@code WARNING} for each connection. Unix domain sockets take {@code connectTimeout}
 * and the buffer sizes only; the rest is TCP's.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>unit</th><th>default</th><th>range</th><th>backends</th><th>change it when</th></tr>
 * <tr><td>{@link Builder#tcpNoDelay tcpNoDelay}</td><td></td><td>true</td><td></td>
 *     <td>all</td><td>never, except to measure what Nagle's algorithm costs</td></tr>
 * <tr><td>{@link Builder#keepAlive keepAlive}</td><td></td><td>true</td><td></td>
 *     <td>all</td><td>a network charges for idle traffic</td></tr>
 * <tr><td>{@link Builder#keepAliveIdle keepAliveIdle}</td><td>s</td><td>the system's (2 h)</td><td>1 s..32767 s</td>
 *     <td>epoll, io_uring, NIO</td><td>middle boxes forget idle connections sooner</td></tr>
 * <tr><td>{@link Builder#keepAliveInterval keepAliveInterval}</td><td>s</td><td>the system's (75 s)</td><td>1 s..32767 s</td>
 *     <td>epoll, io_uring, NIO</td><td>with {@code keepAliveIdle}</td></tr>
 * <tr><td>{@link Builder#keepAliveProbes keepAliveProbes}</td><td></td><td>the system's (9)</td><td>1..127</td>
 *     <td>epoll, io_uring, NIO</td><td>with {@code keepAliveIdle}</td></tr>
 * <tr><td>{@link Builder#connectTimeout connectTimeout}</td><td>ms</td><td>20 s</td><td>1 ms..1 h</td>
 *     <td>all</td><td>a dead address should be given up sooner</td></tr>
 * <tr><td>{@link Builder#sendBufferBytes sendBufferBytes}</td><td>bytes</td><td>the system's</td><td>1 KiB..1 GiB</td>
 *     <td>all</td><td>measured: setting it switches off the kernel's own sizing</td></tr>
 * <tr><td>{@link Builder#receiveBufferBytes receiveBufferBytes}</td><td>bytes</td><td>the system's</td><td>1 KiB..1 GiB</td>
 *     <td>all</td><td>measured: setting it switches off the kernel's own sizing</td></tr>
 * <tr><td>{@link Builder#tcpUserTimeout tcpUserTimeout}</td><td>ms</td><td>off</td><td>100 ms..1 h</td>
 *     <td>epoll, io_uring</td><td>a peer that vanished must be noticed while data is in flight</td></tr>
 * <tr><td>{@link Builder#tcpQuickAck tcpQuickAck}</td><td></td><td>the system's</td><td></td>
 *     <td>epoll, io_uring, NIO on Linux</td><td>a server's Nagle algorithm waits for our acknowledgements</td></tr>
 * <tr><td>{@link Builder#busyPoll busyPoll}</td><td>us</td><td>the system's (off)</td><td>1 us..10 ms</td>
 *     <td>epoll</td><td>the network card supports it and microseconds count</td></tr>
 * <tr><td>{@link Builder#notSentLowAtBytes notSentLowAtBytes}</td><td>bytes</td><td>the system's (off)</td><td>1..2^31 - 1</td>
 *     <td>epoll, io_uring</td><td>large uploads delay small requests</td></tr>
 * <tr><td>{@link Builder#fastOpenConnect fastOpenConnect}</td><td></td><td>false</td><td></td>
 *     <td>epoll, io_uring, kqueue on macOS</td><td>connections are short and both kernels have it on</td></tr>
 * <tr><td>{@link Builder#trafficClass trafficClass}</td><td></td><td>0</td><td>0..255</td>
 *     <td>all</td><td>the network tells classes of traffic apart</td></tr>
 * </table>
 */
public final class SocketTuning {
    private static final Duration MIN_CONNECT_TIMEOUT = Duration.ofMillis(1);
    private static final Duration MIN_USER_TIMEOUT = Duration.ofMillis(100);
    private static final Duration MAX_TIMEOUT = Duration.ofHours(1);
    private static final int MIN_BUFFER_BYTES = 1 << 10;
    private static final int MAX_BUFFER_BYTES = 1 << 30;

    private static final Duration MIN_KEEP_ALIVE = Duration.ofSeconds(1);

    /** Linux' MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL. */
    private static final Duration MAX_KEEP_ALIVE = Duration.ofSeconds(32_767);

    /** Linux' MAX_TCP_KEEPCNT. */
    private static final int MAX_KEEP_ALIVE_PROBES = 127;

    private static final Duration MIN_BUSY_POLL = Duration.ofNanos(1_000);
    private static final Duration MAX_BUSY_POLL = Duration.ofMillis(10);
    private static final int MAX_TRAFFIC_CLASS = 255;

    private static final Logger LOGGER = System.getLogger(SocketTuning.class.getPackageName());

    /** What was logged as left out, so that it is logged once; bounded by options times backends. */
    private static final Set<String> LEFT_OUT = ConcurrentHashMap.newKeySet();

    private static final SocketTuning DEFAULTS = builder().build();

    private final boolean tcpNoDelay;
    private final boolean keepAlive;
    private final Duration connectTimeout;
    private final @Nullable Integer sendBufferBytes;
    private final @Nullable Integer receiveBufferBytes;
    private final @Nullable Duration tcpUserTimeout;
    private final @Nullable Duration keepAliveIdle;
    private final @Nullable Duration keepAliveInterval;
    private final @Nullable Integer keepAliveProbes;
    private final @Nullable Boolean tcpQuickAck;
    private final @Nullable Duration busyPoll;
    private final @Nullable Integer notSentLowAtBytes;
    private final boolean fastOpenConnect;
    private final int trafficClass;

    private SocketTuning(Builder builder) {
        tcpNoDelay = builder.tcpNoDelay;
        keepAlive = builder.keepAlive;
        connectTimeout = builder.connectTimeout;
        sendBufferBytes = builder.sendBufferBytes;
        receiveBufferBytes = builder.receiveBufferBytes;
        tcpUserTimeout = builder.tcpUserTimeout;
        keepAliveIdle = builder.keepAliveIdle;
        keepAliveInterval = builder.keepAliveInterval;
        keepAliveProbes = builder.keepAliveProbes;
        tcpQuickAck = builder.tcpQuickAck;
        busyPoll = builder.busyPoll;
        notSentLowAtBytes = builder.notSentLowAtBytes;
        fastOpenConnect = builder.fastOpenConnect;
        trafficClass = builder.trafficClass;
    }

    /** Returns the defaults of the table above. */
    public static SocketTuning defaults() {
        return DEFAULTS;
    }

    /** Returns a builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Sets the options on a bootstrap whose channel class is {@link IoBackend#channelClass()} of {@code backend}. */
    public void applyTo(Bootstrap bootstrap, IoBackend backend) {
        requireNonNull(backend, "backend");
        applyGeneralTo(bootstrap);
        applyTcpTo(bootstrap, backend);
    }

    /**
     * Sets the options on a bootstrap whose channel comes from {@link IoBackend#newChannel} of {@code backend} and
     * {@code address}.
     */
    public void applyTo(Bootstrap bootstrap, IoBackend backend, SocketAddress address) {
        if (address instanceof DomainSocketAddress) {
            applyGeneralTo(bootstrap);
        } else {
            applyTo(bootstrap, backend);
        }
    }

    private void applyGeneralTo(Bootstrap bootstrap) {
        bootstrap.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis(connectTimeout));
        if (sendBufferBytes != null) {
            bootstrap.option(ChannelOption.SO_SNDBUF, sendBufferBytes);
        }
        if (receiveBufferBytes != null) {
            bootstrap.option(ChannelOption.SO_RCVBUF, receiveBufferBytes);
        }
    }

    private void applyTcpTo(Bootstrap bootstrap, IoBackend backend) {
        bootstrap.option(ChannelOption.TCP_NODELAY, tcpNoDelay);
        bootstrap.option(ChannelOption.SO_KEEPALIVE, keepAlive);
        if (trafficClass != 0) {
            bootstrap.option(ChannelOption.IP_TOS, trafficClass);
        }
        TcpOptionNames names = backend.tcpOptionNames();
        Target target = new Target(bootstrap, backend);
        target.set("keepAliveIdle", names.keepIdleS(), seconds(keepAliveIdle));
        target.set("keepAliveInterval", names.keepIntervalS(), seconds(keepAliveInterval));
        target.set("keepAliveProbes", names.keepCount(), keepAliveProbes);
        target.set("tcpUserTimeout", names.userTimeoutMs(), tcpUserTimeout == null ? null : millis(tcpUserTimeout));
        target.set("tcpQuickAck", names.quickAck(), tcpQuickAck);
        target.set("busyPoll", names.busyPollUs(), busyPoll == null ? null : micros(busyPoll));
        target.set(
                "notSentLowAtBytes",
                names.notSentLowAtBytes(),
                notSentLowAtBytes == null ? null : notSentLowAtBytes.longValue());
        target.set("fastOpenConnect", names.fastOpenConnect(), fastOpenConnect ? Boolean.TRUE : null);
    }

    /** Where options go that not every backend has. */
    private record Target(Bootstrap bootstrap, IoBackend backend) {
        <T> void set(String option, @Nullable ChannelOption<T> name, @Nullable T value) {
            if (value == null) {
                return;
            }
            if (name != null) {
                bootstrap.option(name, value);
            } else if (LEFT_OUT.add(backend + " " + option)) {
                LOGGER.log(
                        Level.DEBUG,
                        "socket option {0} is left out: I/O backend {1} has no such option",
                        option,
                        backend.lowerCaseName());
            }
        }
    }

    private static int millis(Duration duration) {
        return Math.toIntExact(duration.toMillis());
    }

    private static int micros(Duration duration) {
        return Math.toIntExact(duration.toNanos() / 1_000);
    }

    private static @Nullable Integer seconds(@Nullable Duration duration) {
        return duration == null ? null : Math.toIntExact(duration.toSeconds());
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
        return optional(sendBufferBytes);
    }

    /** Returns SO_RCVBUF in bytes; empty: the system's choice. */
    public OptionalInt receiveBufferBytes() {
        return optional(receiveBufferBytes);
    }

    /** Returns how long sent data may stay unacknowledged before the kernel ends the connection; empty: off. */
    public Optional<Duration> tcpUserTimeout() {
        return Optional.ofNullable(tcpUserTimeout);
    }

    /** Returns how long a connection is idle before the kernel probes it (TCP_KEEPIDLE); empty: the system's choice. */
    public Optional<Duration> keepAliveIdle() {
        return Optional.ofNullable(keepAliveIdle);
    }

    /** Returns the time between two probes (TCP_KEEPINTVL); empty: the system's choice. */
    public Optional<Duration> keepAliveInterval() {
        return Optional.ofNullable(keepAliveInterval);
    }

    /** Returns how many unanswered probes end the connection (TCP_KEEPCNT); empty: the system's choice. */
    public OptionalInt keepAliveProbes() {
        return optional(keepAliveProbes);
    }

    /** Returns whether acknowledgements leave at once (TCP_QUICKACK); empty: the system's choice. */
    public Optional<Boolean> tcpQuickAck() {
        return Optional.ofNullable(tcpQuickAck);
    }

    /** Returns how long a read polls the network card (SO_BUSY_POLL); empty: the system's choice. */
    public Optional<Duration> busyPoll() {
        return Optional.ofNullable(busyPoll);
    }

    /** Returns how many unsent bytes the kernel takes (TCP_NOTSENT_LOWAT); empty: the system's choice. */
    public OptionalInt notSentLowAtBytes() {
        return optional(notSentLowAtBytes);
    }

    /** Returns whether the first data goes with the SYN (TCP_FASTOPEN_CONNECT). */
    public boolean fastOpenConnect() {
        return fastOpenConnect;
    }

    /** Returns the traffic class of IP packets (IP_TOS). */
    public int trafficClass() {
        return trafficClass;
    }

    private static OptionalInt optional(@Nullable Integer value) {
        return value == null ? OptionalInt.empty() : OptionalInt.of(value);
    }

    @Override
    public String toString() {
        return "SocketTuning[tcpNoDelay=" + tcpNoDelay + ", keepAlive=" + keepAlive + ", connectTimeout="
                + connectTimeout + ", sendBufferBytes=" + orSystem(sendBufferBytes) + ", receiveBufferBytes="
                + orSystem(receiveBufferBytes) + ", tcpUserTimeout=" + (tcpUserTimeout == null ? "off" : tcpUserTimeout)
                + ", keepAliveIdle=" + orSystem(keepAliveIdle) + ", keepAliveInterval=" + orSystem(keepAliveInterval)
                + ", keepAliveProbes=" + orSystem(keepAliveProbes) + ", tcpQuickAck=" + orSystem(tcpQuickAck)
                + ", busyPoll=" + orSystem(busyPoll) + ", notSentLowAtBytes=" + orSystem(notSentLowAtBytes)
                + ", fastOpenConnect=" + fastOpenConnect + ", trafficClass=" + trafficClass + ']';
    }

    private static String orSystem(@Nullable Object value) {
        return value == null ? "system" : value.toString();
    }

    /** Collects options; {@link #build()} checks them. Not thread-safe. */
    public static final class Builder {
        private boolean tcpNoDelay = true;
        private boolean keepAlive = true;
        private Duration connectTimeout = Duration.ofSeconds(20);
        private @Nullable Integer sendBufferBytes;
        private @Nullable Integer receiveBufferBytes;
        private @Nullable Duration tcpUserTimeout;
        private @Nullable Duration keepAliveIdle;
        private @Nullable Duration keepAliveInterval;
        private @Nullable Integer keepAliveProbes;
        private @Nullable Boolean tcpQuickAck;
        private @Nullable Duration busyPoll;
        private @Nullable Integer notSentLowAtBytes;
        private boolean fastOpenConnect;
        private int trafficClass;

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
         * milliseconds, 100 ms..1 h. Default off, which means about 15 minutes of retransmission on Linux.
         * Set it to the HTTP/2 keepalive timeout (20 s in gRPC) to notice a peer that vanished under load. The
         * kernel counts a connect that is under way as well: a value below {@link #connectTimeout} cuts it short.
         */
        public Builder tcpUserTimeout(Duration timeout) {
            tcpUserTimeout = requireNonNull(timeout, "timeout");
            return this;
        }

        /**
         * TCP_KEEPIDLE: how long a connection is idle before the kernel probes it, in whole seconds, 1 s..32767 s.
         * Default: the system's, two hours on Linux. Lower it where a middle box forgets idle connections and HTTP/2
         * PINGs are not wanted. Without effect unless {@link #keepAlive} is on; so are the next two.
         */
        public Builder keepAliveIdle(Duration idle) {
            keepAliveIdle = requireNonNull(idle, "idle");
            return this;
        }

        /**
         * TCP_KEEPINTVL: the time between two probes, in whole seconds, 1 s..32767 s. Default: the system's, 75 s on
         * Linux.
         */
        public Builder keepAliveInterval(Duration interval) {
            keepAliveInterval = requireNonNull(interval, "interval");
            return this;
        }

        /** TCP_KEEPCNT: how many unanswered probes end the connection, 1..127. Default: the system's, 9 on Linux. */
        public Builder keepAliveProbes(int probes) {
            keepAliveProbes = probes;
            return this;
        }

        /**
         * TCP_QUICKACK: acknowledgements leave at once (true) or wait for data to go with (false). Default: the
         * system's, which begins at once and adapts. The option is no more than a nudge when the connection opens:
         * Linux goes on adapting after it. Set it where a measurement shows the first responses to wait 40 ms for a
         * server that has Nagle's algorithm on.
         */
        public Builder tcpQuickAck(boolean on) {
            tcpQuickAck = on;
            return this;
        }

        /**
         * SO_BUSY_POLL: how long a read without data polls the network card's queue, in whole microseconds, 1 us..10
         * ms. Default: the system's ({@code net.core.busy_read}), which is off. More than the system's takes
         * CAP_NET_ADMIN; without it the option is left out, with Netty's warning. Set it, together with {@link
         * EventLoops.Builder#busyPoll}, on machines whose network card and driver support it and that have processors
         * to spare.
         */
        public Builder busyPoll(Duration duration) {
            busyPoll = requireNonNull(duration, "duration");
            return this;
        }

        /**
         * TCP_NOTSENT_LOWAT in bytes, at least 1: the kernel takes more data only while it holds less than this unsent.
         * Default: the system's, which is off. Set it, to 16 KiB or more, where large requests and small ones share a
         * connection: what waits here can still be interleaved, what waits in the kernel cannot.
         */
        public Builder notSentLowAtBytes(int bytes) {
            notSentLowAtBytes = bytes;
            return this;
        }

        /**
         * TCP_FASTOPEN_CONNECT: the first data goes with the SYN, once the server has handed out a cookie. Default
         * false. It saves a round trip for each new connection where both kernels have it on
         * ({@code net.ipv4.tcp_fastopen}); some middle boxes drop such packets, which then costs a timeout.
         */
        public Builder fastOpenConnect(boolean on) {
            fastOpenConnect = on;
            return this;
        }

        /**
         * IP_TOS, and IPV6_TCLASS for IPv6: the byte with DSCP (upper six bits) and ECN, 0..255. Default 0. Set it
         * where the network gives classes of traffic their own queues; 0xB8, for example, is expedited forwarding.
         */
        public Builder trafficClass(int value) {
            trafficClass = value;
            return this;
        }

        /**
         * Returns the checked options.
         *
         * @throws IllegalArgumentException if an option is out of its range
         */
        public SocketTuning build() {
            check("connectTimeout", connectTimeout, MIN_CONNECT_TIMEOUT, MAX_TIMEOUT);
            check("tcpUserTimeout", tcpUserTimeout, MIN_USER_TIMEOUT, MAX_TIMEOUT);
            check("sendBufferBytes", sendBufferBytes, MIN_BUFFER_BYTES, MAX_BUFFER_BYTES);
            check("receiveBufferBytes", receiveBufferBytes, MIN_BUFFER_BYTES, MAX_BUFFER_BYTES);
            check("keepAliveIdle", keepAliveIdle, MIN_KEEP_ALIVE, MAX_KEEP_ALIVE);
            check("keepAliveInterval", keepAliveInterval, MIN_KEEP_ALIVE, MAX_KEEP_ALIVE);
            check("keepAliveProbes", keepAliveProbes, 1, MAX_KEEP_ALIVE_PROBES);
            check("busyPoll", busyPoll, MIN_BUSY_POLL, MAX_BUSY_POLL);
            check("notSentLowAtBytes", notSentLowAtBytes, 1, Integer.MAX_VALUE);
            check("trafficClass", trafficClass, 0, MAX_TRAFFIC_CLASS);
            return new SocketTuning(this);
        }

        private static <T extends Comparable<T>> void check(String option, @Nullable T value, T least, T most) {
            if (value != null && (value.compareTo(least) < 0 || value.compareTo(most) > 0)) {
                throw new IllegalArgumentException(option + ": " + value + " (expected: " + least + ".." + most + ")");
            }
        }
    }
}
