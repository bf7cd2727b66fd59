package io.peregrine.transport.tls;

import io.netty.util.NetUtil;
import java.net.IDN;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;

/**
 * The name by which a client knows its server, in the form that certificates and SNI use.
 *
 * @param value an ASCII host name without a trailing dot, or an IP literal without brackets and zone
 * @param serverNames what goes into the SNI extension: the name; nothing for an IP literal (RFC 6066 section 3) and
 *     for a name with an underscore, with which only {@link ClientTls.Builder#serverName} or no verification gets on
 */
record PeerName(String value, List<SNIServerName> serverNames) {
    /**
     * Reads a host as it stands in a target: {@code name}, {@code name.}, {@code 192.0.2.1}, {@code 2001:db8::1} or
     * {@code [2001:db8::1]}.
     *
     * @throws IllegalArgumentException if it is neither a host name nor an IP literal
     */
    static PeerName of(String host) {
        String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
        if (NetUtil.isValidIpV4Address(bare) || NetUtil.isValidIpV6Address(bare)) {
            int zone = bare.indexOf('%');
            return new PeerName(zone < 0 ? bare : bare.substring(0, zone), List.of());
        }
        try {
            String ascii = IDN.toASCII(bare.endsWith(".") ? bare.substring(0, bare.length() - 1) : bare);
            // Usual inside of clusters, but no host name to the JDK: it can neither be sent nor be verified.
            boolean underscored = ascii.indexOf('_') >= 0;
            return new PeerName(ascii, underscored ? List.of() : List.of(new SNIHostName(ascii)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("host: " + host + " (expected: a host name or an IP address)", e);
        }
    }
}
