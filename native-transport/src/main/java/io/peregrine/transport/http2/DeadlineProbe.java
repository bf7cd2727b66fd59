package io.peregrine.transport.http2;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * When calls that end by their deadlines make a connection suspect, so that a dead one is replaced within milliseconds
 * instead of within keepalive's seconds. Immutable.
 *
 * <p>Several calls in a row that reached their deadline, with not a byte from the peer between the first and the last of
 * them, may mean a slow server or a dead one. A PING tells them apart: a slow server's HTTP/2 stack answers it. If
 * nothing comes within the timeout, the connection ends; its calls end as lost, and the next ones go elsewhere.
 *
 * <p>A server that answers PINGs and nothing else is asked twice and then left alone until it sends something else,
 * because gRPC servers answer the third PING in a row with GOAWAY {@code too_many_pings} (SPEC KA-7).
 *
 * <table>
 * <caption>Options</caption>
 * <tr><th>option</th><th>unit</th><th>range</th><th>choose</th></tr>
 * <tr><td>{@code deadlines}</td><td>calls</td><td>1..1000</td>
 *     <td>3: one or two late answers in a row are ordinary</td></tr>
 * <tr><td>{@code timeout}</td><td>ns</td><td>1 ms..1 min</td>
 *     <td>a multiple of the worst round trip that is still fine, 20 ms within a data centre</td></tr>
 * </table>
 *
 * @param deadlines how many calls in a row lead to a PING
 * @param timeout how long the peer may stay silent after that
 */
public record DeadlineProbe(int deadlines, Duration timeout) {
    private static final int MAX_DEADLINES = 1000;
    private static final Duration MIN_TIMEOUT = Duration.ofMillis(1);
    private static final Duration MAX_TIMEOUT = Duration.ofMinutes(1);

    /**
     * Describes a probe.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public DeadlineProbe {
        requireNonNull(timeout, "timeout");
        if (deadlines < 1 || deadlines > MAX_DEADLINES) {
            throw new IllegalArgumentException(
                    "deadlines before a probe: " + deadlines + " (expected: 1.." + MAX_DEADLINES + ')');
        }
        if (timeout.compareTo(MIN_TIMEOUT) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "timeout of a probe: " + timeout + " (expected: " + MIN_TIMEOUT + ".." + MAX_TIMEOUT + ')');
        }
    }
}
