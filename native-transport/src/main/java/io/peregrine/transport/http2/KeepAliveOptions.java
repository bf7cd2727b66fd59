package io.peregrine.transport.http2;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * When a connection asks a silent peer for a sign of life (gRFC A8, A18; SPEC KA-1). Immutable.
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>default</th><th>range</th><th>change it when</th></tr>
 * <tr><td>{@code time}</td><td>none: keepalive is off</td><td>10 s..1000 days</td>
 *     <td>peers or middle boxes vanish without a word</td></tr>
 * <tr><td>{@code timeout}</td><td>20 s</td><td>10 ms..1000 days</td>
 *     <td>a lost peer must be noticed sooner, and the network never stalls that long</td></tr>
 * <tr><td>{@code withoutCalls}</td><td>false</td><td></td>
 *     <td>a middle box forgets idle connections, and the server permits such PINGs</td></tr>
 * </table>
 *
 * <p>A positive value outside its range is replaced by the nearest one inside, and that is logged once.
 *
 * @param time how long the peer may be silent before it is sent a PING
 * @param timeout how long it may stay silent after that before the connection ends
 * @param withoutCalls whether a connection without open streams is watched as well
 */
public record KeepAliveOptions(Duration time, Duration timeout, boolean withoutCalls) {
    /** The timeout that gRPC implementations share. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(20);

    private static final System.Logger LOG = System.getLogger(KeepAliveOptions.class.getName());
    private static final Duration MIN_TIME = Duration.ofSeconds(10);
    private static final Duration MIN_TIMEOUT = Duration.ofMillis(10);
    private static final Duration MAX = Duration.ofDays(1000);

    /**
     * Describes a keepalive.
     *
     * @throws IllegalArgumentException if a duration is not positive
     */
    public KeepAliveOptions {
        time = intoRange("keepalive time", time, MIN_TIME);
        timeout = intoRange("keepalive timeout", timeout, MIN_TIMEOUT);
    }

    /** Describes a keepalive with the default timeout, of connections with open streams only. */
    public static KeepAliveOptions after(Duration time) {
        return new KeepAliveOptions(time, DEFAULT_TIMEOUT, false);
    }

    /** Returns these options with twice the time, as far as its range goes. */
    public KeepAliveOptions doubled() {
        Duration twice = time.multipliedBy(2);
        return new KeepAliveOptions(twice.compareTo(MAX) > 0 ? MAX : twice, timeout, withoutCalls);
    }

    private static Duration intoRange(String what, Duration value, Duration least) {
        requireNonNull(value, what);
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(what + ": " + value + " (expected: positive)");
        }
        Duration used = value.compareTo(least) < 0 ? least : value.compareTo(MAX) > 0 ? MAX : value;
        if (!used.equals(value)) {
            LOG.log(System.Logger.Level.INFO, "{0} {1} is out of range, {2} is used instead", what, value, used);
        }
        return used;
    }
}
