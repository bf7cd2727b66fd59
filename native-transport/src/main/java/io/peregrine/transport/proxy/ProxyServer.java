package io.peregrine.transport.proxy;

import static java.util.Objects.requireNonNull;

import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A proxy: how to speak to it, where it is, and who we are to it. Immutable. {@link #toString} shows neither user nor
 * password, and nothing but the handshake reads them.
 */
public final class ProxyServer {
    private static final int MAX_HOST_LENGTH = 255;
    private static final int MAX_SOCKS_CREDENTIAL_BYTES = 255;

    /** How a proxy is asked for a tunnel. */
    public enum Protocol {
        /** {@code CONNECT host:port HTTP/1.1} (RFC 9110 §9.3.6), with Basic authentication (RFC 7617). */
        HTTP_CONNECT("http", 80),

        /** SOCKS version 5 (RFC 1928), with user and password (RFC 1929). */
        SOCKS5("socks5", 1080);

        private final String scheme;
        private final int defaultPort;

        Protocol(String scheme, int defaultPort) {
            this.scheme = scheme;
            this.defaultPort = defaultPort;
        }

        int defaultPort() {
            return defaultPort;
        }
    }

    private final Protocol protocol;
    private final String host;
    private final int port;
    private final @Nullable String user;
    private final @Nullable String password;

    private ProxyServer(Protocol protocol, String host, int port, @Nullable String user, @Nullable String password) {
        this.protocol = protocol;
        this.host = host;
        this.port = port;
        this.user = user;
        this.password = password;
    }

    /**
     * A proxy that speaks HTTP CONNECT, over plain TCP.
     *
     * @param host a name, or an IP literal with or without brackets
     * @param port 1..65535
     * @throws IllegalArgumentException if the host or the port is malformed
     */
    public static ProxyServer httpConnect(String host, int port) {
        return of(Protocol.HTTP_CONNECT, host, port);
    }

    /**
     * A proxy that speaks SOCKS5.
     *
     * @param host a name, or an IP literal with or without brackets
     * @param port 1..65535
     * @throws IllegalArgumentException if the host or the port is malformed
     */
    public static ProxyServer socks5(String host, int port) {
        return of(Protocol.SOCKS5, host, port);
    }

    /**
     * Reads a proxy as environment variables spell it: {@code [scheme://][user[:password]@]host[:port]}, where the
     * scheme is {@code http} (the default, port 80), {@code socks5} or {@code socks5h} (the same here, port 1080: the
     * proxy looks up the target's name in either case). User and password are percent-decoded as UTF-8.
     *
     * @throws IllegalArgumentException if the text is malformed; the message quotes neither user nor password
     */
    public static ProxyServer parse(String url) {
        return ProxyUrl.parse("proxy", requireNonNull(url, "url"));
    }

    static ProxyServer of(Protocol protocol, String host, int port) {
        String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
        boolean printable = bare.chars().allMatch(c -> c > ' ' && c <= '~' && "/@?#[]\\\"".indexOf(c) < 0);
        boolean colons = bare.indexOf(':') >= 0 && !NetUtil.isValidIpV6Address(bare);
        if (bare.isEmpty() || bare.length() > MAX_HOST_LENGTH || !printable || colons) {
            throw new IllegalArgumentException("proxy host: \"" + host + "\" (expected: a host name or an IP address)");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("proxy port: " + port + " (expected: 1..65535)");
        }
        return new ProxyServer(protocol, bare, port, null, null);
    }

    /**
     * The same proxy, to which we log in. HTTP sends both as they are in Base64 (RFC 7617), SOCKS5 as they are: neither
     * hides them from who listens on the way to the proxy.
     *
     * @param newUser not empty and without control characters; without a colon for HTTP, and 255 octets of UTF-8 at
     *     most for SOCKS5
     * @param newPassword without control characters; 255 octets of UTF-8 at most for SOCKS5
     * @throws IllegalArgumentException if one is out of its range; the message does not quote it
     */
    public ProxyServer withCredentials(String newUser, String newPassword) {
        boolean http = protocol == Protocol.HTTP_CONNECT;
        if (newUser.isEmpty() || hasControls(newUser) || (http ? newUser.indexOf(':') >= 0 : isTooLong(newUser))) {
            throw new IllegalArgumentException("proxy user is malformed (expected: at least one letter, no control"
                    + (http ? " character and no colon)" : " character, 255 octets at most)"));
        }
        if (hasControls(newPassword) || (!http && isTooLong(newPassword))) {
            throw new IllegalArgumentException("proxy password is malformed (expected: no control"
                    + (http ? " character)" : " character, 255 octets at most)"));
        }
        return new ProxyServer(protocol, host, port, newUser, newPassword);
    }

    private static boolean hasControls(String text) {
        return text.chars().anyMatch(Character::isISOControl);
    }

    private static boolean isTooLong(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length > MAX_SOCKS_CREDENTIAL_BYTES;
    }

    /** Returns how the proxy is asked. */
    public Protocol protocol() {
        return protocol;
    }

    /** Returns the proxy's name or IP literal, without brackets. */
    public String host() {
        return host;
    }

    /** Returns the proxy's port. */
    public int port() {
        return port;
    }

    /** Returns whether we log in. */
    public boolean hasCredentials() {
        return user != null;
    }

    /** Null without credentials. */
    @Nullable
    String user() {
        return user;
    }

    /** Null without credentials. */
    @Nullable
    String password() {
        return password;
    }

    /** The proxy's address, not looked up. */
    InetSocketAddress unresolved() {
        return InetSocketAddress.createUnresolved(host, port);
    }

    /** Two proxies are equal when they agree in everything, the credentials included. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ProxyServer that
                && protocol == that.protocol
                && host.equals(that.host)
                && port == that.port
                && Objects.equals(user, that.user)
                && Objects.equals(password, that.password);
    }

    @Override
    public int hashCode() {
        return Objects.hash(protocol, host, port, user, password);
    }

    /** For example {@code http://proxy.corp:3128}; never the credentials. */
    @Override
    public String toString() {
        return protocol.scheme + "://" + ProxiedAddress.hostPort(host, port);
    }
}
