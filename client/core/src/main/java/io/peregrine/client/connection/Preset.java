package io.peregrine.client.connection;

import io.peregrine.transport.http2.DeadlineProbe;
import io.peregrine.transport.http2.KeepAliveOptions;
import io.peregrine.transport.http2.TransportOptions;
import io.peregrine.transport.io.SocketTuning;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Options that belong together, for {@link io.peregrine.client.ClientConnBuilder#preset}. Each is an ordinary option,
 * which may be set otherwise after it.
 */
@SuppressWarnings("ImmutableEnumChecker") // The options are immutable; the checker wants an annotation on their types.
public enum Preset {
    /**
     * Notices a server that is gone, and keeps middle boxes from forgetting connections with calls, within what every
     * gRPC server permits.
     *
     * <table>
     * <caption>What it sets</caption>
     * <tr><th>option</th><th>value</th><th>why</th></tr>
     * <tr><td>keepalive time</td><td>5 min</td><td>servers permit no shorter one unless they are told to (KA-7)</td></tr>
     * <tr><td>keepalive timeout</td><td>20 s</td><td>the one that gRPC implementations share</td></tr>
     * <tr><td>TCP_USER_TIMEOUT</td><td>20 s</td><td>follows the keepalive timeout (KA-5)</td></tr>
     * </table>
     */
    KEEPALIVE(
            KeepAliveOptions.after(Duration.ofMinutes(5)),
            SocketTuning.defaults(),
            TransportOptions.defaults(),
            ConnectionScaling.single()),

    /**
     * For calls of milliseconds within a data centre: a dead server is noticed within milliseconds, and its replacement
     * is there.
     *
     * <table>
     * <caption>What it sets</caption>
     * <tr><th>option</th><th>value</th><th>why</th></tr>
     * <tr><td>TCP_NODELAY</td><td>on</td><td>no request waits for an acknowledgement; the default, too</td></tr>
     * <tr><td>TCP_QUICKACK</td><td>on</td><td>a server whose stack waits for acknowledgements before it sends on gets
     *     them at once, not up to 40 ms later</td></tr>
     * <tr><td>TCP_USER_TIMEOUT</td><td>2 s</td><td>room for three lost segments in a row at 200 ms and doubling; the
     *     kernel's own limit is a quarter of an hour</td></tr>
     * <tr><td>windows</td><td>4 MiB, 16 MiB, fixed</td><td>no PINGs that measure the bandwidth, and no window that has
     *     to grow first</td></tr>
     * <tr><td>deadline probe</td><td>3 calls, 20 ms</td><td>a PING within 20 ms tells a dead server from a slow one; see
     *     {@link DeadlineProbe}</td></tr>
     * <tr><td>warm standby</td><td>on</td><td>a GOAWAY or a lost connection costs calls no handshake</td></tr>
     * </table>
     *
     * <p>It sets no keepalive: servers answer PINGs that come more often than once in 5 minutes with GOAWAY, unless they
     * are told otherwise, and that costs more than it saves. Where the server permits it, add 10 s.
     */
    LOW_LATENCY(
            null,
            SocketTuning.builder()
                    .tcpQuickAck(true)
                    .tcpUserTimeout(Duration.ofSeconds(2))
                    .build(),
            TransportOptions.builder()
                    .windows(4 << 20, 16 << 20)
                    .deadlineProbe(new DeadlineProbe(3, Duration.ofMillis(20)))
                    .build(),
            ConnectionScaling.builder().warmStandby(true).build());

    private final @Nullable KeepAliveOptions keepAlive;
    private final SocketTuning socketTuning;
    private final TransportOptions transportOptions;
    private final ConnectionScaling connectionScaling;

    Preset(
            @Nullable KeepAliveOptions keepAlive,
            SocketTuning socketTuning,
            TransportOptions transportOptions,
            ConnectionScaling connectionScaling) {
        this.keepAlive = keepAlive;
        this.socketTuning = socketTuning;
        this.transportOptions = transportOptions;
        this.connectionScaling = connectionScaling;
    }

    /** Returns when a silent server is asked for a sign of life; null: never. */
    public @Nullable KeepAliveOptions keepAlive() {
        return keepAlive;
    }

    /** Returns the socket options. */
    public SocketTuning socketTuning() {
        return socketTuning;
    }

    /** Returns the HTTP/2 settings. */
    public TransportOptions transportOptions() {
        return transportOptions;
    }

    /** Returns how many connections there are. */
    public ConnectionScaling connectionScaling() {
        return connectionScaling;
    }
}
