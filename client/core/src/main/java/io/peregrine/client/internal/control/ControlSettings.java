package io.peregrine.client.internal.control;

import java.time.Duration;

/**
 * What a control plane is told when it is made. Immutable.
 *
 * @param target in its canonical form, for messages
 * @param serverName the name that TLS verifies
 * @param ownAuthority whether the user named the authority: then the resolver's server names do not count (SPEC SC-9)
 * @param maxWaitingCalls how many calls may wait for a connection, at least 1
 * @param idleTimeout after how long without calls the channel goes idle; zero for never (SPEC ID-1)
 * @param healthChecks whether the service config may ask for health checks (SPEC HC-1)
 */
public record ControlSettings(
        String target,
        String serverName,
        boolean ownAuthority,
        int maxWaitingCalls,
        Duration idleTimeout,
        boolean healthChecks) {
    /** Never idle; with health checks. */
    public static ControlSettings of(String target, String serverName, int maxWaitingCalls) {
        return new ControlSettings(target, serverName, false, maxWaitingCalls, Duration.ZERO, true);
    }
}
